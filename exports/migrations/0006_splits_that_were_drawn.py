from django.db import migrations

# Until now a family was a prompt's normalised text, and its split was drawn anew for each version, the same each time.
DRAWN = """
INSERT INTO exports_familymember (dataset_id, key, family, split)
SELECT DISTINCT version.dataset_id, row.family, row.family, row.split
  FROM exports_datasetrow AS row JOIN exports_datasetversion AS version ON version.id = row.version_id
ON CONFLICT (dataset_id, key) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("exports", "0005_checks_and_removals")]

    operations = [migrations.RunSQL(DRAWN, migrations.RunSQL.noop)]
