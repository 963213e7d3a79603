"""A cursor for what was at the head and is gone; indexes of places that hold no more than they must; and vacuum before much of a large queue is dead."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A place leaves the queue's index with its lease, but its entry stays until a vacuum: by default, until a fifth of all places there ever were is dead.
TIDY = "ALTER TABLE labeling_slot SET (autovacuum_vacuum_scale_factor = 0.02)"
LEAVE = "ALTER TABLE labeling_slot RESET (autovacuum_vacuum_scale_factor)"


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0007_how_far_texts_are_rendered"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="head_seen",
            field=models.BigIntegerField(default=-9223372036854775808, help_text="The last rank that had been given at the head by `head_seen_at`."),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="head_seen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="adjudicationturn",
            name="pair",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="adjudication_turns", to="labeling.pair"),
        ),
        migrations.AlterField(
            model_name="enrolment",
            name="searched_at",
            field=models.DateTimeField(help_text="When the queue was last begun again from its start, if nothing was found since.", null=True),
        ),
        migrations.AlterField(
            model_name="slot",
            name="gold_item",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="slots", to="labeling.golditem"),
        ),
        migrations.AlterField(
            model_name="slot",
            name="lease",
            field=models.UUIDField(help_text="Key of the assignment that holds it.", null=True),
        ),
        migrations.AddIndex(
            model_name="adjudicationturn",
            index=models.Index(fields=["pair", "adjudicator"], name="turn_by_pair"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(condition=models.Q(("gold_item__isnull", False)), fields=["gold_item"], name="slot_by_gold_item"),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(condition=models.Q(("lease__isnull", False)), fields=("lease",), name="lease_is_on_one_place"),
        ),
        migrations.RunSQL(TIDY, LEAVE),
    ]
