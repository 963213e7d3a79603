"""What Django has no word for: the ranks at the head of the queue; a lot for each pair that was there; and what ranked the places that were there."""

from django.db import migrations

HEAD = "CREATE SEQUENCE labeling_head_rank AS bigint MINVALUE -4611686018427387904 MAXVALUE -1 START -4611686018427387904"
LOTS = "UPDATE labeling_pair SET lot = floor(random() * 10000)"
RANKED = "UPDATE labeling_campaign SET ranked_as = strategy"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_the_queue_and_its_gold")]

    operations = [
        migrations.RunSQL(HEAD, "DROP SEQUENCE labeling_head_rank"),
        migrations.RunSQL(LOTS, migrations.RunSQL.noop),
        migrations.RunSQL(RANKED, migrations.RunSQL.noop),
    ]
