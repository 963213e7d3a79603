"""Policies, prompts and responses as they came to be, in one step."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("policies", "0001_initial"),
        ("policies", "0002_texts_that_may_be_erased"),
        ("policies", "0003_prompts_that_were_erased"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0005_the_language_of_a_person"),
    ]

    operations = [
        migrations.CreateModel(
            name="Prompt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=200)),
                ("messages", models.JSONField(null=True)),
                ("content_sha256", models.CharField(max_length=64)),
                ("family", models.CharField(db_index=True, help_text="Key of the prompt family: prompts that must stay in one split.", max_length=64)),
                ("slices", models.JSONField(default=dict)),
                ("source", models.CharField(blank=True, max_length=200)),
                ("licence", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'messages' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'messages' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.messages IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0dd4ad0053123137b5a0bf8b67cd0008a9f67d23",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_252bc",
                            table="policies_prompt",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="c10854b5edc197223384370f0b8e26e4fd857a77",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_22f04",
                            table="policies_prompt",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="440bc3dadde45b09de04051184bef6b7befee518",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_742dd",
                            table="policies_prompt",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), ("messages__0__isnull", False), _connector="OR"), name="prompt_has_a_turn"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True)),
                ("engine", models.CharField(choices=[("hf", "Hf"), ("openai", "Openai"), ("echo", "Echo"), ("imported", "Imported")], max_length=10)),
                ("source", models.CharField(blank=True, help_text="hf: root/folder. openai: endpoint/model.", max_length=300)),
                ("weights_sha256", models.CharField(blank=True, max_length=64)),
                ("template_sha256", models.CharField(blank=True, max_length=64)),
                ("system_prompt", models.TextField(blank=True)),
                ("sampling", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name_plural": "policies",
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ac5bb9147379424e31e9db45f990d0d0c01cf34e",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_16935",
                            table="policies_policy",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="2a90be565067f0d797ec2bd856b69b0507cf2a55",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_966bf",
                            table="policies_policy",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ade0476f9250012eba82f1434308f1ab1014b109",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_928fd",
                            table="policies_policy",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("engine", "hf"), _negated=True),
                            models.Q(models.Q(("weights_sha256", ""), _negated=True), models.Q(("template_sha256", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="hf_policy_is_pinned_by_its_hashes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("engine__in", ["imported", "echo"]), models.Q(("source", ""), _negated=True), _connector="OR"),
                        name="policy_that_can_be_asked_has_a_source",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GenerationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seed", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(null=True)),
                ("requested_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("policy_a", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.policy")),
                ("policy_b", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.policy")),
            ],
        ),
        migrations.CreateModel(
            name="GenerationRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sample_index", models.SmallIntegerField(default=0)),
                ("seed", models.BigIntegerField(help_text="The noise of this one response comes from it.")),
                (
                    "status",
                    models.CharField(
                        choices=[("queued", "Queued"), ("running", "Running"), ("done", "Done"), ("failed", "Failed"), ("stopped", "Stopped")],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("attempt", models.SmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")),
                ("failed_attempts", models.SmallIntegerField(default=0, help_text="Attempts that ended without an answer; the third is the last.")),
                ("worker", models.CharField(blank=True, max_length=120)),
                ("lease_ends_at", models.DateTimeField(null=True)),
                ("queued_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="policies.generationrun")),
                ("policy", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.policy")),
                ("prompt", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.prompt")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "prompt", "policy", "sample_index"), name="request_is_made_once_a_run"),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("status", "failed"), _negated=True), models.Q(("error", ""), _negated=True), _connector="OR"),
                        name="request_failure_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_ends_at__isnull", False), ("status", "running")), models.Q(("status", "running"), _negated=True), _connector="OR"
                        ),
                        name="running_request_has_a_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("finished_at__isnull", False), models.Q(("status__in", ["done", "failed"]), _negated=True), _connector="OR"),
                        name="ended_request_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromptSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=80, unique=True)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name="prompt",
            name="prompt_set",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="prompts", to="policies.promptset"),
        ),
        migrations.AddField(
            model_name="generationrun",
            name="prompt_set",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="policies.promptset"),
        ),
        migrations.CreateModel(
            name="Response",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(null=True)),
                ("sha256", models.CharField(max_length=64)),
                ("token_ids", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), null=True, size=None)),
                ("finish_reason", models.CharField(choices=[("stop", "Stop"), ("length", "Length"), ("imported", "Imported")], max_length=8)),
                ("lineage", models.JSONField(default=dict, help_text="Engine, versions, device, attempt, worker.")),
                ("created_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("policy", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="responses", to="policies.policy")),
                ("prompt", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="responses", to="policies.prompt")),
                (
                    "request",
                    models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="response", to="policies.generationrequest"),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'text' - 'token_ids' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'text' - 'token_ids' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.text IS NULL AND NEW.token_ids IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7bdc9e1715156eb469e4871d8b2dcf5b99ebe0e4",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_639ce",
                            table="policies_response",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d7f1553fc49f387558b018a7d535850bc97dfd5d",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_983ba",
                            table="policies_response",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="72431a59ebb29463ca981007d47cd6f282cf0847",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_f7e19",
                            table="policies_response",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finish_reason", "imported"), ("request__isnull", True)),
                            models.Q(("request__isnull", False), models.Q(("finish_reason", "imported"), _negated=True)),
                            _connector="OR",
                        ),
                        name="response_without_a_request_was_imported",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), ("text__isnull", False), _connector="OR"), name="response_has_a_text"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="generationrequest",
            index=models.Index(condition=models.Q(("status", "queued")), fields=["run", "failed_attempts", "id"], name="request_queue"),
        ),
        migrations.AddIndex(
            model_name="generationrequest",
            index=models.Index(condition=models.Q(("status", "running")), fields=["lease_ends_at"], name="request_leases"),
        ),
        migrations.AddIndex(
            model_name="generationrequest",
            index=models.Index(fields=["run", "status", "finished_at"], name="request_by_run"),
        ),
        migrations.AddIndex(
            model_name="prompt",
            index=models.Index(condition=models.Q(("erased_at__isnull", False)), fields=["content_sha256"], name="prompt_that_was_erased"),
        ),
        migrations.AddConstraint(
            model_name="prompt",
            constraint=models.UniqueConstraint(fields=("prompt_set", "content_sha256"), name="prompt_is_stored_once_a_set"),
        ),
    ]
