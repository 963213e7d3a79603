"""The index that keeps a pair before one adjudicator, once more: with an index on the same column, 0008 took it away too, where Django still believes it is."""

from django.db import migrations

# Of several who have a pair before them meanwhile, the first keeps it; the others go on with the next one.
GIVE_BACK = """
UPDATE labeling_adjudicationturn AS turn SET ended_at = now(), given_back = true
WHERE ended_at IS NULL AND EXISTS (
    SELECT FROM labeling_adjudicationturn AS first
    WHERE first.pair_id = turn.pair_id AND first.ended_at IS NULL AND (first.leased_at, first.key) < (turn.leased_at, turn.key))
"""
KEEP = "CREATE UNIQUE INDEX IF NOT EXISTS pair_is_before_one_adjudicator ON labeling_adjudicationturn (pair_id) WHERE ended_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0018_notes_that_may_be_erased")]

    operations = [
        migrations.RunSQL(GIVE_BACK, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
