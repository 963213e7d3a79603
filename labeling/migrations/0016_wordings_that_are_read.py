import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

REFUSED = "RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';"


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0015_passing_at_a_warning"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("how", models.CharField(choices=[("entered", "Entered"), ("read", "Read")], max_length=7)),
                ("at", models.DateTimeField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False, help_text="Where they read it.", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign"
                    ),
                ),
                (
                    "labeler",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["labeler", "rubric_version"], name="acknowledged_by")],
                "constraints": [models.CheckConstraint(condition=models.Q(("how__in", ["entered", "read"])), name="acknowledgement_says_how")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="refuse_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func=REFUSED,
                    hash="8aef9a9d8c67f1c96d1e2bfa04b4901686471bef",
                    operation="UPDATE",
                    pgid="pgtrigger_refuse_update_b5ed6",
                    table="labeling_acknowledgement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="refuse_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func=REFUSED,
                    hash="df8668d228dd1e0303caf3312691ce0295f242cf",
                    operation="DELETE",
                    pgid="pgtrigger_refuse_delete_1a3f7",
                    table="labeling_acknowledgement",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="refuse_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func=REFUSED,
                    hash="09758aae3d7f3ba1b6f7863f71d6bd46050f5882",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_refuse_truncate_76259",
                    table="labeling_acknowledgement",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="rubric_version",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The wording that they acknowledged last; filled in by the database when they come. While the campaign has another, they get no pair.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="labeling.rubricversion",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="enrolment",
            trigger=pgtrigger.compiler.Trigger(
                name="wording_of_its_campaign",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\nNEW.rubric_version_id := coalesce(NEW.rubric_version_id, (SELECT rubric_version_id FROM labeling_campaign WHERE id = NEW.campaign_id));\nRETURN NEW;\n",
                    hash="d53b454c2f9799f86bfe019944a614618010c0d0",
                    operation="INSERT",
                    pgid="pgtrigger_wording_of_its_campaign_7aa63",
                    table="labeling_enrolment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="enrolment",
            trigger=pgtrigger.compiler.Trigger(
                name="came_in_under_a_wording",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\nINSERT INTO labeling_acknowledgement (labeler_id, campaign_id, rubric_version_id, how, at)\nVALUES (NEW.labeler_id, NEW.campaign_id, NEW.rubric_version_id, 'entered', NEW.entered_at);\nRETURN NEW;\n",
                    hash="b666e8dd3a8fac72e90b398fc62352bc5abe21a2",
                    operation="INSERT",
                    pgid="pgtrigger_came_in_under_a_wording_27a35",
                    table="labeling_enrolment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="golditem", name="campaign_of_its_pair"),
        migrations.AddField(
            model_name="golditem",
            name="rubric_version",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The wording under which somebody last said that it holds: the campaign’s when it was added, filled in by the database.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="labeling.rubricversion",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="golditem",
            trigger=pgtrigger.compiler.Trigger(
                name="campaign_of_its_pair",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\nNEW.campaign_id := (SELECT campaign_id FROM labeling_pair WHERE id = NEW.pair_id);\nNEW.rubric_version_id := coalesce(NEW.rubric_version_id, (SELECT rubric_version_id FROM labeling_campaign WHERE id = NEW.campaign_id));\nRETURN NEW;\n",
                    hash="e8f45b387fe58e58ab4b3fc26fc4b68de44c83c6",
                    operation="INSERT",
                    pgid="pgtrigger_campaign_of_its_pair_8f69e",
                    table="labeling_golditem",
                    when="BEFORE",
                ),
            ),
        ),
    ]
