"""Whoever labeled before there was a ledger of it has read the wording that they labeled under, and the one under which they are enrolled."""

from django.db import migrations, models

# At once, not at the end: a table with rows yet to be checked takes no constraint.
FILL = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE labeling_golditem AS gold SET rubric_version_id = campaign.rubric_version_id
FROM labeling_campaign AS campaign WHERE campaign.id = gold.campaign_id;
UPDATE labeling_enrolment AS enrolment SET rubric_version_id = campaign.rubric_version_id
FROM labeling_campaign AS campaign WHERE campaign.id = enrolment.campaign_id;
INSERT INTO labeling_acknowledgement (labeler_id, campaign_id, rubric_version_id, how, at)
SELECT labeler_id, campaign_id, rubric_version_id, 'entered', min(at) FROM (
    SELECT labeler_id, campaign_id, rubric_version_id, entered_at AS at FROM labeling_enrolment
    UNION ALL
    SELECT assignment.labeler_id, pair.campaign_id, assignment.rubric_version_id, assignment.leased_at
    FROM labeling_assignment AS assignment JOIN labeling_pair AS pair ON pair.id = assignment.pair_id
) AS known
GROUP BY labeler_id, campaign_id, rubric_version_id;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0016_wordings_that_are_read")]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(condition=models.Q(("rubric_version__isnull", False)), name="labeler_came_in_under_a_wording"),
        ),
        migrations.AddConstraint(
            model_name="golditem",
            constraint=models.CheckConstraint(condition=models.Q(("rubric_version__isnull", False)), name="gold_item_knows_its_wording"),
        ),
    ]
