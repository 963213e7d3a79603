"""Whoever labeled before there were enrolments is enrolled: they need no practice round, and what they were handed out counts towards a quota."""

from django.db import migrations

BEFORE_EVERY_RANK = -(2**63)
ENROL = f"""
INSERT INTO labeling_enrolment (campaign_id, labeler_id, state, rank, head_rank, epoch, served, planned, practice_rounds, watched_to, entered_at)
SELECT slot.campaign_id, assignment.labeler_id, 'working', {BEFORE_EVERY_RANK}, {BEFORE_EVERY_RANK}, 0, count(*), 0, 0, 0, min(assignment.leased_at)
FROM labeling_assignment AS assignment JOIN labeling_slot AS slot ON slot.id = assignment.slot_id
GROUP BY slot.campaign_id, assignment.labeler_id
ON CONFLICT (campaign_id, labeler_id) DO NOTHING
"""  # noqa: S608 - a number from above


class Migration(migrations.Migration):
    dependencies = [("labeling", "0005_changes_on_their_way")]

    operations = [migrations.RunSQL(ENROL, migrations.RunSQL.noop)]
