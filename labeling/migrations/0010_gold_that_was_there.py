"""Gold that was there before it knew its campaign, and was drawn a lot."""

from django.db import migrations, models

# At once, not at the end: a table with rows yet to be checked takes no constraint.
FILL = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE labeling_golditem AS gold SET lot = floor(random() * 10000), campaign_id = pair.campaign_id FROM labeling_pair AS pair WHERE pair.id = gold.pair_id;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0009_gold_by_campaign")]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="golditem",
            constraint=models.CheckConstraint(condition=models.Q(("campaign__isnull", False)), name="gold_item_knows_its_campaign"),
        ),
    ]
