"""Labeling as it came to be, in one step; and what Django has no word for: the ranks at the head of the queue, and vacuum before much of a large queue is dead."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import labeling.models.assignment
import labeling.models.pair
import labeling.models.rubric

HEAD = "CREATE SEQUENCE labeling_head_rank AS bigint MINVALUE -4611686018427387904 MAXVALUE -1 START -4611686018427387904"
# A place leaves the queue's index with its lease, but its entry stays until a vacuum: by default, until a fifth of all places there ever were is dead.
TIDY = "ALTER TABLE labeling_slot SET (autovacuum_vacuum_scale_factor = 0.02)"
LEAVE = "ALTER TABLE labeling_slot RESET (autovacuum_vacuum_scale_factor)"


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("labeling", "0001_initial"),
        ("labeling", "0002_the_queue_and_its_gold"),
        ("labeling", "0003_lots_and_the_head_of_the_queue"),
        ("labeling", "0004_checks_of_a_labeler"),
        ("labeling", "0005_changes_on_their_way"),
        ("labeling", "0006_those_who_label_already"),
        ("labeling", "0007_how_far_texts_are_rendered"),
        ("labeling", "0008_the_queue_stays_flat"),
        ("labeling", "0009_gold_by_campaign"),
        ("labeling", "0010_gold_that_was_there"),
        ("labeling", "0011_drafts"),
        ("labeling", "0013_events_that_may_be_erased"),
        ("labeling", "0014_what_the_desk_says"),
        ("labeling", "0015_passing_at_a_warning"),
        ("labeling", "0016_wordings_that_are_read"),
        ("labeling", "0017_wordings_that_were_read"),
        ("labeling", "0018_notes_that_may_be_erased"),
        ("labeling", "0019_one_adjudicator_at_a_pair"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0005_the_language_of_a_person"),
        ("policies", "0001_squashed_0003_prompts_that_were_erased"),
    ]

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("key", models.UUIDField(default=labeling.models.assignment.opaque_key, primary_key=True, serialize=False)),
                ("left_is_a", models.BooleanField()),
                ("leased_at", models.DateTimeField()),
                ("labeler", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d01cf110a9c63646ad12513591b19c1f590c8111",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_42b17",
                            table="labeling_assignment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a88506679e57fed9731a289cfb743e4437420380",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_bf51f",
                            table="labeling_assignment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="3a765020802bbf245b03ecb242539acc6be6d06f",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_cd93d",
                            table="labeling_assignment",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("open", "Open"), ("paused", "Paused"), ("closed", "Closed"), ("archived", "Archived")],
                        default="draft",
                        max_length=8,
                    ),
                ),
                (
                    "overlap",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="k: labelers a pair.",
                        validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(25)],
                    ),
                ),
                (
                    "overlap_share",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Percent of pairs, drawn at random, that get k labels; the others get one.",
                        validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)],
                    ),
                ),
                (
                    "escalation_bound",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Further labels a pair may get when the first disagree, before an adjudicator decides.",
                        validators=[django.core.validators.MaxValueValidator(5)],
                    ),
                ),
                ("rule", models.CharField(default="strict-majority/1", help_text="The settling rule, with its version.", max_length=40)),
                (
                    "strategy",
                    models.CharField(
                        choices=[("finish", "finish what is begun"), ("spread", "spread"), ("priority", "priority"), ("informative", "most informative")],
                        default="finish",
                        max_length=11,
                    ),
                ),
                (
                    "eligible_by",
                    models.CharField(blank=True, help_text="A slice, such as language: a pair goes to labelers who have its value as a skill.", max_length=60),
                ),
                ("quota", models.PositiveIntegerField(help_text="Labels that one labeler may give here at most.", null=True)),
                ("daily_ceiling", models.PositiveIntegerField(help_text="Labels that one labeler may give here in a day at most.", null=True)),
                (
                    "gold_percent",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Share of what a labeler is shown that is gold.", validators=[django.core.validators.MaxValueValidator(50)]
                    ),
                ),
                (
                    "repeat_percent",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Share of what a labeler is shown that they have labeled before, with its sides swapped.",
                        validators=[django.core.validators.MaxValueValidator(50)],
                    ),
                ),
                (
                    "gold_bar",
                    models.PositiveSmallIntegerField(
                        default=70,
                        help_text="Percent: a labeler whose gold score lies surely below is paused, and a researcher looks.",
                        validators=[django.core.validators.MaxValueValidator(100)],
                    ),
                ),
                (
                    "gold_window",
                    models.PositiveSmallIntegerField(
                        default=20, help_text="Gold answers that the rolling score looks back on.", validators=[django.core.validators.MinValueValidator(8)]
                    ),
                ),
                (
                    "practice_items",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Gold items a new labeler practises on first.", validators=[django.core.validators.MaxValueValidator(50)]
                    ),
                ),
                (
                    "pass_mark",
                    models.PositiveSmallIntegerField(
                        default=75, help_text="Percent of a practice round that lets a labeler in.", validators=[django.core.validators.MaxValueValidator(100)]
                    ),
                ),
                ("lease_minutes", models.PositiveSmallIntegerField(default=30, help_text="A pair that was not answered by then goes to somebody else.")),
                ("rationale_required", models.BooleanField(default=False)),
                (
                    "rationale_minimum",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Characters that a rationale has at least, where one is given.",
                        validators=[django.core.validators.MaxValueValidator(1000)],
                    ),
                ),
                ("rank_epoch", models.PositiveIntegerField(default=0, help_text="Raised when ranks are made anew; cursors of an older epoch start over.")),
                (
                    "ranked_as",
                    models.CharField(
                        default="finish", help_text="The strategy by which the places are ranked; behind `strategy` while they are ranked anew.", max_length=11
                    ),
                ),
                ("ranked_at", models.DateTimeField(null=True)),
                ("labels_when_ranked", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("overlap_share__gte", 1), ("overlap_share__lte", 100)), name="campaign_overlap_share_is_a_percentage"
                    ),
                    models.CheckConstraint(condition=models.Q(("escalation_bound__lte", 5)), name="campaign_escalation_is_bounded"),
                    models.CheckConstraint(
                        condition=models.Q(("gold_percent__lte", 50), ("repeat_percent__lte", 50)), name="campaign_checks_leave_room_for_work"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gold_bar__lte", 100), ("gold_window__gte", 8), ("pass_mark__lte", 100)), name="campaign_marks_are_percentages"
                    ),
                    models.CheckConstraint(condition=models.Q(("quota__isnull", True), ("quota__gte", 1), _connector="OR"), name="campaign_quota_is_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("daily_ceiling__isnull", True), ("daily_ceiling__gte", 1), _connector="OR"), name="campaign_ceiling_is_positive"
                    ),
                    models.CheckConstraint(condition=models.Q(("overlap__gte", 1), ("overlap__lte", 25)), name="campaign_overlap_is_1_to_25"),
                    models.CheckConstraint(condition=models.Q(("lease_minutes__gte", 1)), name="campaign_lease_lasts_a_minute"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeyMap",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="key_map", serialize=False, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("keys", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Rendering",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("renderer", models.CharField(max_length=20)),
                ("html", models.TextField(help_text="As Markdown.")),
                ("raw", models.TextField(help_text="As it was written, with hidden characters shown.")),
            ],
        ),
        migrations.CreateModel(
            name="Rubric",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=80, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(null=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("adjudicator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'text' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'text' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.text IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="14a1a23d177f25d55ad5666a2484cde650aa2379",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_94246",
                            table="labeling_answer",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ae75616afc541ad723340909f2ce4c989768795c",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_9048d",
                            table="labeling_answer",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="13ae03aed0749a0965e17e6d6f651b1548402491",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_f3f5f",
                            table="labeling_answer",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False), models.Q(("text__isnull", False), models.Q(("text", ""), _negated=True)), _connector="OR"
                        ),
                        name="answer_says_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("answer", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="read", to="labeling.answer")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a3e52b0ddce9a37fc90a7548d5a5b8371ede5afb",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_f9c79",
                            table="labeling_answerread",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="75a1b71436ff179a07c3870acaa8ff53f5d7ace6",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_06eea",
                            table="labeling_answerread",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="587eae14c5d28d4ffcd6e32088ec9445b6935487",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_0a45e",
                            table="labeling_answerread",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="draft", serialize=False, to="labeling.assignment"
                    ),
                ),
                ("said", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AttachedRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("answered", models.PositiveIntegerField(default=0, help_text="Requests of the run that had their response when its pairs were last made.")),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.generationrun")),
            ],
        ),
        migrations.CreateModel(
            name="Preparation",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="labeling.campaign"
                    ),
                ),
                ("renderer", models.CharField(max_length=20)),
                ("reached", models.BigIntegerField(default=0, help_text="The pair that was rendered last; all before it are.")),
            ],
        ),
        migrations.AddField(
            model_name="campaign",
            name="runs",
            field=models.ManyToManyField(
                help_text="Generation runs whose responses become pairs here.",
                related_name="campaigns",
                through="labeling.AttachedRun",
                to="policies.generationrun",
            ),
        ),
        migrations.AddField(
            model_name="attachedrun",
            name="campaign",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="attached_runs", to="labeling.campaign"),
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changes", models.JSONField(help_text="By setting, what it was and what it is.")),
                ("scope", models.JSONField(help_text="Settings that pairs are looked at for: these, and those of a change that was cut short by it.")),
                ("done", models.JSONField(default=dict, help_text="What it came to so far.")),
                ("reached", models.BigIntegerField(default=0, help_text="The pair that was looked at last.")),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("actor", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="adjustments", to="labeling.campaign")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("ended_at__isnull", True)), fields=("campaign",), name="campaign_is_adjusted_to_one_change")
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30)),
                ("detail", models.JSONField(default=dict, help_text="Null once erased: it named somebody.", null=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("actor", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to="labeling.campaign")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'detail' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'detail' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.detail IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="3cd2f2e35eeed506eaf9403e9c35da8528f8aac8",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_e9c93",
                            table="labeling_campaignevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="cafe6cf9b80a2cfeef34bdcd47fc2843cd3d5b40",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_ed7f8",
                            table="labeling_campaignevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="113cbcdebf88cf9adf7201539dc80cea5eb67fdf",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_23e68",
                            table="labeling_campaignevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EnrolmentEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("before", models.CharField(blank=True, max_length=10)),
                ("after", models.CharField(max_length=10)),
                ("why", models.CharField(max_length=300, null=True)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: the system.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign")),
                ("labeler", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.why IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="c03240aa224e57b4686b4d1920dad3e4e40ac566",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_a0dcd",
                            table="labeling_enrolmentevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="b9488863ad7596af805ebce35bdebfabb668b9d3",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_14c4b",
                            table="labeling_enrolmentevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d817858355ed45ec5acbf129061d6ed53b4aa697",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_c2ced",
                            table="labeling_enrolmentevent",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("before", models.F("after")), _negated=True), name="enrolment_event_changes_something")
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("gold_below_bar", "gold score below the bar"),
                            ("too_fast", "too fast to have read"),
                            ("straight_lining", "the same choice over and over"),
                            ("left_leaning", "leans to one side"),
                            ("length_following", "follows length"),
                            ("random", "no better than chance"),
                        ],
                        max_length=16,
                    ),
                ),
                ("says", models.CharField(max_length=300)),
                ("evidence", models.JSONField(default=dict)),
                ("good_to", models.BigIntegerField(help_text="The label at which the last good check stood; what came after it is in question.", null=True)),
                ("at", models.DateTimeField()),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="labeling.campaign")),
                ("labeler", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="3b21dd8f5f085be12322cc9f3f93f3dcb21fc789",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_548ef",
                            table="labeling_finding",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="da7214f4643931d5eef9d4088e9f5ecceb6a22ea",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_0c82b",
                            table="labeling_finding",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="339907a3b6f2810458643d430c1489af7364923a",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_b0888",
                            table="labeling_finding",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.CheckConstraint(condition=models.Q(("says", ""), _negated=True), name="finding_says_something")],
            },
        ),
        migrations.CreateModel(
            name="FindingDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "decision",
                    models.CharField(
                        choices=[("keep", "keep the labels"), ("retract", "retract the labels since the last good check"), ("dismiss", "nothing in it")],
                        max_length=7,
                    ),
                ),
                ("note", models.TextField(blank=True, null=True)),
                ("retracted", models.PositiveIntegerField(default=0, help_text="Labels that were retracted, each with a new place opened.")),
                ("at", models.DateTimeField()),
                ("actor", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("finding", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="decision", to="labeling.finding")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.note IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="3b73e9b0d289b71cd53ee262f2a09416eddc3bd7",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_9d897",
                            table="labeling_findingdecision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d3c6e8065f35ffdb1a419957a58e2506bf43afbe",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_ce360",
                            table="labeling_findingdecision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="41344b600e3b7f3931d4a6092c30f917d3d12462",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_2941a",
                            table="labeling_findingdecision",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.CheckConstraint(condition=models.Q(("decision__in", ["keep", "retract", "dismiss"])), name="finding_decision_is_known")],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("for_whom", models.CharField(max_length=120)),
                ("is_owner", models.BooleanField(default=False)),
                ("is_researcher", models.BooleanField(default=False)),
                (
                    "role",
                    models.CharField(blank=True, choices=[("labeler", "Labeler"), ("adjudicator", "Adjudicator"), ("researcher", "Researcher")], max_length=11),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("campaign", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign")),
                ("invited_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("used_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("used_at__isnull", True), ("used_by__isnull", True)),
                            models.Q(("used_at__isnull", False), ("used_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="used_invitation_says_by_whom",
                    ),
                    models.CheckConstraint(condition=models.Q(("expires_at__gt", models.F("created_at"))), name="invitation_expires_after_it_is_made"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("campaign__isnull", True), ("role", "")),
                            models.Q(("campaign__isnull", False), models.Q(("role", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="invitation_names_campaign_and_role_together",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(choices=[("labeler", "Labeler"), ("adjudicator", "Adjudicator"), ("researcher", "Researcher")], max_length=11)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="labeling.campaign")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "campaign", "role"), name="membership_is_held_once")],
            },
        ),
        migrations.CreateModel(
            name="MembershipEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(choices=[("labeler", "Labeler"), ("adjudicator", "Adjudicator"), ("researcher", "Researcher")], max_length=11)),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("actor", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="8edb2edfbcc513839f8de8536a524c1aa49dafb8",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_5c21b",
                            table="labeling_membershipevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="cc4bc35d54bd661855414914a322e557166ac5be",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_777f0",
                            table="labeling_membershipevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0a60d920d342f90bfa95e616b6ea4172ac8edfa7",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_0eeb2",
                            table="labeling_membershipevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=200)),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "none"),
                            ("equal", "both responses are the same"),
                            ("empty", "a response is empty"),
                            ("cut", "a response was cut at its token limit"),
                            ("looping", "a response repeats itself"),
                            ("self_naming", "a response names its own model"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("asked_differently", models.BooleanField(default=False, help_text="The two sides were asked under different system prompts.")),
                ("priority", models.PositiveSmallIntegerField(default=50, help_text="0 to 100; higher is served sooner where the campaign goes by priority.")),
                (
                    "lot",
                    models.PositiveSmallIntegerField(
                        default=labeling.models.pair.draw_lot,
                        help_text="Drawn from 0 to 9999: below the share in which the campaign overlaps, the pair gets k labels.",
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("agreed", "Agreed"),
                            ("contested", "Contested"),
                            ("adjudicated", "Adjudicated"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=11,
                    ),
                ),
                ("verdict", models.CharField(choices=[("a", "A"), ("b", "B"), ("tie", "Tie")], max_length=3, null=True)),
                ("margin", models.FloatField(help_text="Mean preference of the labels that count, -3 (A much better) to 3, or the adjudicator's.", null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by", models.CharField(blank=True, help_text="Name and version of the rule.", max_length=40)),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="pairs", to="labeling.campaign")),
                ("prompt", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pairs", to="policies.prompt")),
                ("response_a", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.response")),
                ("response_b", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.response")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="keep_what_is_judged",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."prompt_id" IS DISTINCT FROM (NEW."prompt_id") OR OLD."response_a_id" IS DISTINCT FROM (NEW."response_a_id") OR OLD."response_b_id" IS DISTINCT FROM (NEW."response_b_id"))',
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                            hash="88334e6ac9bc5473c6975c1255fdae82fcab0d34",
                            operation="UPDATE",
                            pgid="pgtrigger_keep_what_is_judged_53b5d",
                            table="labeling_pair",
                            when="BEFORE",
                        ),
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("campaign"),
                        django.db.models.functions.comparison.Least("response_a", "response_b"),
                        django.db.models.functions.comparison.Greatest("response_a", "response_b"),
                        name="pair_is_unique_either_way_round",
                    ),
                    models.CheckConstraint(condition=models.Q(("response_a", models.F("response_b")), _negated=True), name="pair_has_two_responses"),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("standing", "agreed"), _negated=True), ("verdict__isnull", False), _connector="OR"),
                        name="agreed_pair_has_a_verdict",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("standing__in", ["waiting", "contested", "withdrawn"]), _negated=True), ("verdict__isnull", True), _connector="OR"
                        ),
                        name="unsettled_pair_has_no_verdict",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("margin__isnull", True), models.Q(("margin__gte", -3), ("margin__lte", 3)), _connector="OR"),
                        name="pair_margin_is_on_the_scale",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__isnull", True), ("verdict__in", ["a", "b", "tie"]), _connector="OR"), name="pair_verdict_is_a_b_or_tie"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("standing__in", ["waiting", "agreed", "contested", "adjudicated", "withdrawn"])), name="pair_standing_is_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("priority__lte", 100)), name="pair_priority_is_0_to_100"),
                    models.CheckConstraint(condition=models.Q(("lot__lt", 10000)), name="pair_lot_is_below_10000"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("standing", "withdrawn"), ("withdrawn_at__isnull", False)),
                            models.Q(models.Q(("standing", "withdrawn"), _negated=True), ("withdrawn_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="withdrawn_pair_stands_so",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="assignment",
            name="pair",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.pair"),
        ),
        migrations.CreateModel(
            name="AdjudicationTurn",
            fields=[
                ("key", models.UUIDField(default=labeling.models.assignment.opaque_key, primary_key=True, serialize=False)),
                ("left_is_a", models.BooleanField()),
                ("leased_at", models.DateTimeField()),
                ("lease_ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("given_back", models.BooleanField(default=False)),
                ("adjudicator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pair", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="adjudication_turns", to="labeling.pair")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("ended_at__isnull", True)), fields=("pair",), name="pair_is_before_one_adjudicator")
                ],
            },
        ),
        migrations.CreateModel(
            name="Parking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("assignment", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="parking", to="labeling.assignment")),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.pair")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="2d1712e49cef5d440fba2754596fd8941f831643",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_89f19",
                            table="labeling_parking",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d4bf3f14aca235e75f98463cd400f939a7250427",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_6d5e9",
                            table="labeling_parking",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="c63c02ba8e706fb7903b4cf71b9ed98b7146c465",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_1056f",
                            table="labeling_parking",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(null=True)),
                ("submission_key", models.UUIDField(unique=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("assignment", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="labeling.assignment")),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="labeling.pair")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'text' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'text' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.text IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="39c827c87f158319f0f3547207cf2afb9ff0fc6a",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_06042",
                            table="labeling_question",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="6510bb9f488bafa085ba0fd11e72510e21812c11",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_847aa",
                            table="labeling_question",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="4e21f6703d8f368a1b02ed2cfb2ae6ca4daf5baa",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_efab2",
                            table="labeling_question",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False), models.Q(("text__isnull", False), models.Q(("text", ""), _negated=True)), _connector="OR"
                        ),
                        name="question_asks_something",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="answer",
            name="question",
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="answer", to="labeling.question"),
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("child_abuse", "Sexual content about a child"),
                            ("self_harm", "Suicide or self-harm"),
                            ("violence", "A threat, or help with violence"),
                            ("hate", "Hate against a group"),
                            ("private", "Somebody’s private data"),
                            ("other", "Something else"),
                        ],
                        max_length=11,
                    ),
                ),
                ("note", models.TextField(null=True)),
                ("submission_key", models.UUIDField(unique=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("assignment", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="labeling.assignment")),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="labeling.pair")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.note IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="f4255c15f4442d3e3732398194ab10dff7f741c4",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_1eea4",
                            table="labeling_report",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ab1fe5d200805b4c67f28cf07460c7fde115f387",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_ce23a",
                            table="labeling_report",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7be45511318f1aa003938089782f59564f091ba6",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_7631d",
                            table="labeling_report",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RubricVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("body", models.TextField(help_text="Markdown.")),
                ("scale", models.CharField(choices=[("seven", "Seven")], default="seven", max_length=8)),
                ("reasons", models.JSONField(default=labeling.models.rubric.usual_reasons, help_text="Chips: key, label, letter.")),
                ("criteria", models.JSONField(default=list, help_text="Judged one by one besides the whole: key, label.")),
                ("change_note", models.CharField(blank=True, max_length=300)),
                ("sha256", models.CharField(help_text="Of the body's UTF-8 bytes.", max_length=64)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("rubric", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="labeling.rubric")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d840985e9e17b2c363d1f49efff6f906ab87dc11",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_90edb",
                            table="labeling_rubricversion",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="74ee3cbff7b647a14b49f8bb85b5ce63c10681d6",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_38c6a",
                            table="labeling_rubricversion",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="76000c4b459134877cd03f89850f470e4b23a72c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_0f008",
                            table="labeling_rubricversion",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("rubric", "number"), name="rubric_version_has_its_number"),
                    models.CheckConstraint(condition=models.Q(("body", ""), _negated=True), name="rubric_version_says_something"),
                ],
            },
        ),
        migrations.AddField(
            model_name="pair",
            name="rubric_version",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
        ),
        migrations.CreateModel(
            name="GoldItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "lot",
                    models.PositiveSmallIntegerField(
                        default=labeling.models.pair.draw_lot,
                        help_text="Drawn: the order in which planning walks over the items, from a point drawn each time.",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("verdict", models.CharField(choices=[("a", "A"), ("b", "B"), ("tie", "Tie")], max_length=3)),
                ("why", models.TextField(help_text="The reason the item exists, in words a labeler can be shown.", null=True)),
                (
                    "allowed_use",
                    models.CharField(choices=[("check", "mixed into work"), ("practice", "practice round"), ("both", "both")], default="both", max_length=8),
                ),
                ("difficulty", models.CharField(choices=[("easy", "Easy"), ("medium", "Medium"), ("hard", "Hard")], default="easy", max_length=6)),
                ("refresh_on", models.DateField(help_text="When somebody should look whether it still holds.", null=True)),
                ("added_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
                ("added_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        help_text="The pair’s: filled in by the database.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.campaign",
                    ),
                ),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="gold_items", to="labeling.pair")),
                (
                    "rubric_version",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        help_text="The wording under which somebody last said that it holds: the campaign’s when it was added, filled in by the database.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.rubricversion",
                    ),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
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
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="IF (to_jsonb(OLD) - 'retired_at' - 'rubric_version_id') = (to_jsonb(NEW) - 'retired_at' - 'rubric_version_id') THEN RETURN NEW; END IF; \nIF (to_jsonb(OLD) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.why IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ad8f9cc4ca493dc629a5695e57411b4854ba8284",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_2c03f",
                            table="labeling_golditem",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("pair", "version"), name="gold_version_is_numbered_once"),
                    models.UniqueConstraint(condition=models.Q(("retired_at__isnull", True)), fields=("pair",), name="pair_has_one_gold_item_in_use"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False), models.Q(("why__isnull", False), models.Q(("why", ""), _negated=True)), _connector="OR"
                        ),
                        name="gold_item_has_a_reason",
                    ),
                    models.CheckConstraint(condition=models.Q(("verdict__in", ["a", "b", "tie"])), name="gold_verdict_is_a_b_or_tie"),
                    models.CheckConstraint(condition=models.Q(("allowed_use__in", ["check", "practice", "both"])), name="gold_use_is_known"),
                    models.CheckConstraint(condition=models.Q(("campaign__isnull", False)), name="gold_item_knows_its_campaign"),
                    models.CheckConstraint(condition=models.Q(("rubric_version__isnull", False)), name="gold_item_knows_its_wording"),
                    models.CheckConstraint(condition=models.Q(("difficulty__in", ["easy", "medium", "hard"])), name="gold_difficulty_is_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(choices=[("practising", "Practising"), ("working", "Working"), ("paused", "Paused")], default="working", max_length=10),
                ),
                ("rank", models.BigIntegerField(default=-9223372036854775808)),
                ("head_rank", models.BigIntegerField(default=-9223372036854775808)),
                (
                    "head_seen",
                    models.BigIntegerField(default=-9223372036854775808, help_text="The last rank that had been given at the head by `head_seen_at`."),
                ),
                ("head_seen_at", models.DateTimeField(null=True)),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("served", models.PositiveIntegerField(default=0, help_text="Pairs handed out so far: the position in this labeler's stream.")),
                ("planned", models.PositiveIntegerField(default=0, help_text="Positions for which gold and repeats have been drawn.")),
                ("practice_rounds", models.PositiveSmallIntegerField(default=0)),
                ("searched_at", models.DateTimeField(help_text="When the queue was last begun again from its start, if nothing was found since.", null=True)),
                ("watched_to", models.BigIntegerField(default=0, help_text="Highest label that care flags were worked out from.")),
                ("entered_at", models.DateTimeField()),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="labeling.campaign")),
                ("labeler", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "rubric_version",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        help_text="The wording that they acknowledged last; filled in by the database when they come. While the campaign has another, they get no pair.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.rubricversion",
                    ),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
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
                    pgtrigger.compiler.Trigger(
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
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "labeler"), name="labeler_is_enrolled_once"),
                    models.CheckConstraint(condition=models.Q(("state__in", ["practising", "working", "paused"])), name="enrolment_state_is_known"),
                    models.CheckConstraint(condition=models.Q(("rubric_version__isnull", False)), name="labeler_came_in_under_a_wording"),
                ],
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="rubric_version",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="campaigns", to="labeling.rubricversion"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="rubric_version",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
        ),
        migrations.CreateModel(
            name="Adjudication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict", models.CharField(choices=[("a", "A"), ("b", "B"), ("tie", "Tie")], max_length=3, null=True)),
                ("preference", models.SmallIntegerField(null=True)),
                ("both_bad", models.BooleanField(default=False)),
                (
                    "reason_class",
                    models.CharField(
                        choices=[
                            ("rubric_unclear", "Rubric unclear"),
                            ("factual_error", "Factual error"),
                            ("labeler_slip", "Labeler slip"),
                            ("taste", "Matter of taste"),
                            ("both_bad", "Both bad"),
                            ("broken_pair", "Broken pair"),
                        ],
                        max_length=14,
                    ),
                ),
                ("reason", models.TextField(null=True)),
                ("left_was_a", models.BooleanField()),
                ("submission_key", models.UUIDField(unique=True)),
                ("is_surplus", models.BooleanField(default=False, help_text="The pair had been settled by then; kept, and counted nowhere.")),
                ("submitted_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("adjudicator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="adjudications", to=settings.AUTH_USER_MODEL)),
                (
                    "supersedes",
                    models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="superseded_by", to="labeling.adjudication"),
                ),
                ("turn", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="adjudications", to="labeling.adjudicationturn")),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="adjudications", to="labeling.pair")),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="3a179fedc4223cb635210e90988f59dbb536657d",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_bfd99",
                            table="labeling_adjudication",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d0a918dceba18b933f5176d75b24b8ad4cd93a3a",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_6396e",
                            table="labeling_adjudication",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="110916261f8fe2abfe023672cd671458c9b323c5",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_cf4d4",
                            table="labeling_adjudication",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_surplus", False), ("supersedes__isnull", True)), fields=("pair",), name="pair_has_one_first_adjudication"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("preference__isnull", True),
                            models.Q(
                                ("verdict__isnull", False),
                                models.Q(
                                    models.Q(("preference__gte", -3), ("preference__lt", 0), ("verdict", "a")),
                                    models.Q(("preference", 0), ("verdict", "tie")),
                                    models.Q(("preference__gt", 0), ("preference__lte", 3), ("verdict", "b")),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="adjudicated_preference_and_verdict_agree",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("both_bad", False), models.Q(("verdict", "tie"), ("verdict__isnull", False)), _connector="OR"),
                        name="adjudicated_both_bad_is_a_tie",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__isnull", True), ("verdict__in", ["a", "b", "tie"]), _connector="OR"), name="adjudication_says_a_b_or_tie"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False), models.Q(("reason__isnull", False), models.Q(("reason", ""), _negated=True)), _connector="OR"
                        ),
                        name="adjudication_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("how", models.CharField(choices=[("entered", "Entered"), ("read", "Read")], max_length=7)),
                ("at", models.DateTimeField()),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False, help_text="Where they read it.", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign"
                    ),
                ),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="8aef9a9d8c67f1c96d1e2bfa04b4901686471bef",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_b5ed6",
                            table="labeling_acknowledgement",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="df8668d228dd1e0303caf3312691ce0295f242cf",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_1a3f7",
                            table="labeling_acknowledgement",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="09758aae3d7f3ba1b6f7863f71d6bd46050f5882",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_76259",
                            table="labeling_acknowledgement",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.CheckConstraint(condition=models.Q(("how__in", ["entered", "read"])), name="acknowledgement_says_how")],
            },
        ),
        migrations.CreateModel(
            name="Skill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="skills", to="labeling.campaign")),
                ("labeler", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "labeler", "name"), name="skill_is_given_once"),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="skill_has_a_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Skip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unknown_subject", "I do not know the subject"),
                            ("unread_language", "A language I do not read"),
                            ("broken", "The pair is broken"),
                            ("rather_not", "I would rather not read this"),
                            ("passed", "Passed at the warning before it"),
                        ],
                        max_length=16,
                    ),
                ),
                ("note", models.TextField(null=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("assignment", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="skip", to="labeling.assignment")),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="skips", to="labeling.pair")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.note IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="1b41137ba95136e84c39815c87610c89c181d11c",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_0e8e2",
                            table="labeling_skip",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="53dfe6665932995052f461499761aa5b8bf8016d",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_5c62a",
                            table="labeling_skip",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="f58c4cde92b3327a6e39553cf743af8fbf6698e3",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_f9fa7",
                            table="labeling_skip",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Slot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("work", "Work"), ("escalation", "Escalation"), ("gold", "Gold"), ("repeat", "Repeat"), ("practice", "Practice")],
                        default="work",
                        max_length=10,
                    ),
                ),
                ("pool", models.CharField(blank=True, help_text="The language or skill that it asks for; empty: anybody.", max_length=60)),
                (
                    "rank",
                    models.BigIntegerField(help_text="Lower is served sooner. Below 0: freed, or made late. Reserved: the position in its labeler's stream."),
                ),
                (
                    "ranked_by",
                    models.CharField(blank=True, help_text="The strategy that gave the rank; empty for a place at the head, or reserved.", max_length=11),
                ),
                ("planned_share", models.PositiveSmallIntegerField(default=100, help_text="Percent of pairs that were to get such a place when it was made.")),
                ("left_is_a", models.BooleanField(help_text="The side drawn for this place; balanced over the places of a pair.")),
                ("lease", models.UUIDField(help_text="Key of the assignment that holds it.", null=True)),
                ("lease_ends_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="slots", to="labeling.campaign")),
                (
                    "gold_item",
                    models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="slots", to="labeling.golditem"),
                ),
                (
                    "labeler",
                    models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="slots", to="labeling.pair")),
                (
                    "reserved_for",
                    models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ("work", "escalation")), ("labeler__isnull", False)),
                        fields=("pair", "labeler", "rubric_version"),
                        name="labeler_has_one_place_at_a_pair",
                    ),
                    models.UniqueConstraint(condition=models.Q(("lease__isnull", False)), fields=("lease",), name="lease_is_on_one_place"),
                    models.CheckConstraint(condition=models.Q(("kind__in", ["work", "escalation", "gold", "repeat", "practice"])), name="slot_kind_is_known"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease__isnull", True), ("lease_ends_at__isnull", True)),
                            models.Q(("labeler__isnull", False), ("lease__isnull", False), ("lease_ends_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="slot_lease_has_a_holder_and_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_at__isnull", True), ("lease__isnull", True), _connector="OR"), name="closed_slot_is_not_leased"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_at__isnull", False), ("labeler__isnull", True), ("lease__isnull", False), _connector="OR"),
                        name="held_slot_has_a_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("work", "escalation")), ("reserved_for__isnull", False), _connector="OR"),
                        name="check_is_reserved_for_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reserved_for__isnull", True), ("labeler__isnull", True), ("labeler", models.F("reserved_for")), _connector="OR"),
                        name="reserved_slot_is_taken_by_its_labeler",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gold_item__isnull", True), ("kind__in", ("gold", "practice")), _connector="OR"), name="only_checks_ask_about_gold"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reserved_for__isnull", True), ("rank__gte", 0), _connector="OR"), name="reserved_slot_is_ranked_by_position"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("planned_share__gte", 1), ("planned_share__lte", 100)), name="slot_planned_share_is_a_percentage"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict", models.CharField(choices=[("a", "A"), ("b", "B"), ("tie", "Tie")], max_length=3, null=True)),
                ("preference", models.SmallIntegerField(null=True)),
                ("both_bad", models.BooleanField(default=False)),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), blank=True, default=list, help_text="Keys of the rubric version's reasons.", size=None
                    ),
                ),
                ("criteria", models.JSONField(db_default={}, default=dict, help_text="A preference for each of the rubric version's criteria, by its key.")),
                ("evidence", models.JSONField(db_default=[], default=list, help_text="Passages: side a or b, start and end in the stored text.")),
                ("rationale", models.TextField(null=True)),
                ("left_was_a", models.BooleanField(null=True)),
                ("source", models.CharField(choices=[("desk", "Desk"), ("api", "Api"), ("imported", "Imported"), ("synthetic", "Synthetic")], max_length=9)),
                ("submission_key", models.UUIDField(unique=True)),
                ("is_retraction", models.BooleanField(default=False)),
                ("seconds", models.FloatField(help_text="From lease to submit.", null=True)),
                ("active_seconds", models.FloatField(help_text="Of these, with the pair on screen and somebody there.", null=True)),
                ("submitted_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, max_length=300)),
                ("erased_sha256", models.CharField(blank=True, max_length=64)),
                ("assignment", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="labels", to="labeling.assignment")),
                ("labeler", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="labels", to=settings.AUTH_USER_MODEL)),
                ("supersedes", models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="superseded_by", to="labeling.label")),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="labels", to="labeling.pair")),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
                (
                    "slot",
                    models.ForeignKey(
                        help_text="Null: surplus. The pair was complete.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="labels",
                        to="labeling.slot",
                    ),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'rationale' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'rationale' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.rationale IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0de04c2e34364c65f304c8eac94d12695ccafab5",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_c8613",
                            table="labeling_label",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="8b915f88bb53c8a3e557d3ee389af442f412650a",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_afb0f",
                            table="labeling_label",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="f96930652e8264b5b82e7bd4f3fb1196e8068d02",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_1daa6",
                            table="labeling_label",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stands_where_it_says",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF NEW.slot_id IS NOT NULL AND NOT EXISTS (\n    SELECT FROM labeling_slot AS slot WHERE slot.id = NEW.slot_id AND slot.pair_id = NEW.pair_id AND slot.labeler_id = NEW.labeler_id\n       AND slot.rubric_version_id = NEW.rubric_version_id AND slot.closed_at IS NOT NULL) THEN\n    RAISE EXCEPTION 'tiebreak: a label goes into a closed slot of its own pair, labeler and rubric version' USING ERRCODE = 'integrity_constraint_violation';\nEND IF;\nIF NEW.assignment_id IS NOT NULL AND NOT EXISTS (\n    SELECT FROM labeling_assignment AS assignment WHERE assignment.key = NEW.assignment_id AND assignment.pair_id = NEW.pair_id\n       AND assignment.labeler_id = NEW.labeler_id) THEN\n    RAISE EXCEPTION 'tiebreak: a label answers an assignment of its own pair and labeler' USING ERRCODE = 'integrity_constraint_violation';\nEND IF;\nIF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (\n    SELECT FROM labeling_label AS earlier WHERE earlier.id = NEW.supersedes_id AND earlier.pair_id = NEW.pair_id\n       AND earlier.labeler_id = NEW.labeler_id AND earlier.slot_id IS NOT DISTINCT FROM NEW.slot_id) THEN\n    RAISE EXCEPTION 'tiebreak: a label supersedes one of its own pair, labeler and slot' USING ERRCODE = 'integrity_constraint_violation';\nEND IF;\nRETURN NEW;\n",
                            hash="b4180f13992aa047df0187122fde413d9a821571",
                            operation="INSERT",
                            pgid="pgtrigger_stands_where_it_says_4c1af",
                            table="labeling_label",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("supersedes__isnull", True)), fields=("slot",), name="slot_has_one_first_label"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_retraction", True), ("preference__isnull", True), ("supersedes__isnull", False), ("verdict__isnull", True)),
                            models.Q(("is_retraction", False), ("verdict__isnull", False)),
                            _connector="OR",
                        ),
                        name="label_has_a_verdict_unless_it_retracts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("preference__isnull", True),
                            models.Q(("preference__gte", -3), ("preference__lt", 0), ("verdict", "a")),
                            models.Q(("preference", 0), ("verdict", "tie")),
                            models.Q(("preference__gt", 0), ("preference__lte", 3), ("verdict", "b")),
                            _connector="OR",
                        ),
                        name="preference_and_verdict_agree",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("both_bad", False), models.Q(("verdict", "tie"), ("verdict__isnull", False)), _connector="OR"),
                        name="both_bad_is_a_tie",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("assignment__isnull", True), ("left_was_a__isnull", True), ("source", "imported")),
                            models.Q(models.Q(("source", "imported"), _negated=True), ("assignment__isnull", False), ("left_was_a__isnull", False)),
                            _connector="OR",
                        ),
                        name="label_made_here_knows_its_sides",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__isnull", True), ("verdict__in", ["a", "b", "tie"]), _connector="OR"), name="label_says_a_b_or_tie"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("seconds__isnull", True), ("seconds__gte", 0), _connector="OR"), name="label_took_time_forwards"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", True),
                            models.Q(("rationale__isnull", True), models.Q(("erased_why", ""), _negated=True), models.Q(("erased_sha256", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="erased_label_says_why",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="assignment",
            name="slot",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="labeling.slot"),
        ),
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(fields=["saved_at"], name="draft_by_age"),
        ),
        migrations.AddConstraint(
            model_name="attachedrun",
            constraint=models.UniqueConstraint(fields=("campaign", "run"), name="run_is_attached_once_a_campaign"),
        ),
        migrations.AddIndex(
            model_name="enrolmentevent",
            index=models.Index(fields=["campaign", "labeler", "at"], name="enrolment_events"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["campaign", "labeler", "kind"], name="finding_by_labeler"),
        ),
        migrations.AddIndex(
            model_name="adjudicationturn",
            index=models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["adjudicator"], name="turn_by_adjudicator"),
        ),
        migrations.AddIndex(
            model_name="adjudicationturn",
            index=models.Index(fields=["pair", "adjudicator"], name="turn_by_pair"),
        ),
        migrations.AddIndex(
            model_name="parking",
            index=models.Index(fields=["labeler", "pair"], name="parking_by_labeler"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["labeler"], name="question_by_labeler"),
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(fields=["campaign", "standing", "id"], name="pair_by_standing"),
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(condition=models.Q(("external_id", ""), _negated=True), fields=["campaign", "external_id"], name="pair_by_external_id"),
        ),
        migrations.AddIndex(
            model_name="golditem",
            index=models.Index(condition=models.Q(("retired_at__isnull", True)), fields=["campaign", "lot", "id"], name="gold_in_use"),
        ),
        migrations.AddIndex(
            model_name="acknowledgement",
            index=models.Index(fields=["labeler", "rubric_version"], name="acknowledged_by"),
        ),
        migrations.AddIndex(
            model_name="skip",
            index=models.Index(fields=["labeler", "pair"], name="skip_by_labeler"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("labeler__isnull", True), ("reserved_for__isnull", True)),
                fields=["campaign", "pool", "rank", "id"],
                name="slot_free",
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("labeler__isnull", True), ("reserved_for__isnull", False)),
                fields=["reserved_for", "campaign", "rank", "id"],
                name="slot_reserved",
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("labeler__isnull", False)), fields=["labeler", "campaign", "id"], name="slot_held"
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(condition=models.Q(("lease__isnull", False)), fields=["lease_ends_at"], name="slot_leases"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(condition=models.Q(("gold_item__isnull", False)), fields=["gold_item"], name="slot_by_gold_item"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("kind__in", ["gold", "repeat", "practice"])), fields=["reserved_for", "campaign", "pair"], name="slot_checks"
            ),
        ),
        migrations.AddIndex(
            model_name="label",
            index=models.Index(fields=["labeler", "submitted_at"], include=("supersedes",), name="label_by_labeler"),
        ),
        migrations.RunSQL(HEAD, "DROP SEQUENCE labeling_head_rank"),
        migrations.RunSQL(TIDY, LEAVE),
    ]
