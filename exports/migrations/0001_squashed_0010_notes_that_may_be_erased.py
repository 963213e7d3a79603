"""Datasets as they came to be, in one step."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("exports", "0001_initial"),
        ("exports", "0002_lives_gates_readings_access"),
        ("exports", "0003_families_and_splits"),
        ("exports", "0004_layouts_of_a_version"),
        ("exports", "0005_checks_and_removals"),
        ("exports", "0006_splits_that_were_drawn"),
        ("exports", "0007_rows_rest_on_their_pairs"),
        ("exports", "0008_proofs_of_removals"),
        ("exports", "0009_pushes_to_a_hub"),
        ("exports", "0010_notes_that_may_be_erased"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0005_the_language_of_a_person"),
        ("labeling", "0001_squashed_0019_one_adjudicator_at_a_pair"),
        ("policies", "0001_squashed_0003_prompts_that_were_erased"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sketch",
            fields=[
                (
                    "prompt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="policies.prompt"
                    ),
                ),
                ("key", models.CharField(db_index=True, help_text="The prompt's `family`: equal where the normalised text is.", max_length=64)),
                ("opening", models.BigIntegerField(help_text="Hash of the first user's turn: conversations that begin alike.")),
                ("conversation", models.BigIntegerField(help_text="Hash of the conversation that the prompt's slices and source name.", null=True)),
                ("bands", models.BinaryField()),
                ("sketch", models.BinaryField()),
                ("method", models.CharField(max_length=40)),
                (
                    "cluster",
                    models.BigIntegerField(db_index=True, help_text="The first prompt of those that hang together; null until it was compared.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("layout", models.SlugField(max_length=30)),
                (
                    "kind",
                    models.CharField(
                        choices=[("jsonl", "JSON Lines"), ("jsonl.gz", "JSON Lines, gzip"), ("jsonl.zst", "JSON Lines, zstd"), ("parquet", "Parquet")],
                        default="jsonl",
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked"), ("writing", "Writing"), ("done", "Done"), ("failed", "Failed")], default="asked", max_length=7
                    ),
                ),
                ("rows_done", models.PositiveIntegerField(default=0, help_text="Rows of the version that were read so far.")),
                ("attempt", models.PositiveSmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")),
                ("lease_ends_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=80, unique=True)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("salt", models.CharField(help_text="Of the splits. Printed in every manifest, so that anybody can work the splits out again.", max_length=64)),
                ("secret", models.CharField(help_text="Of the labelers' pseudonyms. It never leaves the database.", max_length=64)),
                ("shares", models.JSONField(help_text="Of train, validation and test: fractions that add up to 1.")),
                (
                    "last_number",
                    models.PositiveIntegerField(default=0, help_text="Of the newest version. Raising it is the lock under which a version is made."),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="IF (to_jsonb(OLD) - 'description' - 'last_number') = (to_jsonb(NEW) - 'description' - 'last_number') THEN RETURN NEW; END IF; RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d49c8f89dc132d223147afdcce57bba80c89f187",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_38840",
                            table="exports_dataset",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="9a1c3d1e89a61d479377be09607d33ed8396ca8f",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_e2036",
                            table="exports_dataset",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="6fcf8bf9b4ad773bec26c1a7e84112b033494ea7",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_1e13b",
                            table="exports_dataset",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("salt", ""), _negated=True),
                            models.Q(("secret", ""), _negated=True),
                            models.Q(("salt", models.F("secret")), _negated=True),
                        ),
                        name="dataset_salt_and_secret_are_two",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(choices=[("frozen", "Frozen"), ("released", "Released"), ("withdrawn", "Withdrawn")], default="frozen", max_length=9),
                ),
                ("manifest", models.JSONField()),
                ("manifest_sha256", models.CharField(help_text="The version's id: hash of the manifest's canonical bytes.", max_length=64)),
                ("rows_count", models.PositiveIntegerField()),
                ("frozen_at", models.DateTimeField()),
                ("dataset", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="exports.dataset")),
                ("frozen_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="IF (to_jsonb(OLD) - 'state') = (to_jsonb(NEW) - 'state') THEN RETURN NEW; END IF; RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="72ad81f83460132585c592c95b7b187933035cd1",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_3978a",
                            table="exports_datasetversion",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="1920a2bfbe9bfc9a5844c7bc3e834f9af4f8974f",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_9cf91",
                            table="exports_datasetversion",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d2e16047f96e67d42472b2bd3ac2b1206eaf4f04",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_37b84",
                            table="exports_datasetversion",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("dataset", "number"), name="version_has_its_number"),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="versions_are_numbered_from_one"),
                    models.CheckConstraint(condition=models.Q(("rows_count__gte", 1)), name="version_is_not_empty"),
                    models.CheckConstraint(condition=models.Q(("manifest_sha256", ""), _negated=True), name="version_has_its_id"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(help_text="From 1, in the one order that a version's rows have.")),
                ("key", models.CharField(help_text="The pair's id in the files; made of its content, so it is the same in every installation.", max_length=32)),
                ("split", models.CharField(choices=[("train", "Train"), ("validation", "Validation"), ("test", "Test")], max_length=10)),
                ("family", models.CharField(max_length=64)),
                (
                    "margin",
                    models.FloatField(
                        help_text="Mean preference of the labels that counted, or the adjudicator's, 3 to -3: positive towards chosen. A bare verdict counts as one step."
                    ),
                ),
                ("settled", models.CharField(choices=[("agreed", "Agreed"), ("adjudicated", "Adjudicated")], max_length=11)),
                ("rule", models.CharField(max_length=40)),
                ("labels", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text="The labels that counted.", size=None)),
                ("adjudication", models.BigIntegerField(help_text="The adjudication that settled it.", null=True)),
                (
                    "chosen",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.response"
                    ),
                ),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.pair")),
                ("prompt", models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.prompt")),
                (
                    "rejected",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.response"
                    ),
                ),
                (
                    "rubric_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.rubricversion"),
                ),
                ("version", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="rows", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="8bc0c23f666e58c95152aa0de22eaf33f3257337",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_1cb8e",
                            table="exports_datasetrow",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="4971e75095a285603c137f31cdc4abf96b619e2f",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_05c03",
                            table="exports_datasetrow",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="b655fb80eeff695189f9c1518a6e904061d6a65c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_9f99b",
                            table="exports_datasetrow",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "position"), name="row_has_its_position"),
                    models.UniqueConstraint(fields=("version", "pair"), name="pair_is_in_a_version_once"),
                    models.UniqueConstraint(fields=("version", "key"), name="row_has_its_key"),
                    models.CheckConstraint(condition=models.Q(("chosen", models.F("rejected")), _negated=True), name="row_chosen_is_not_rejected"),
                    models.CheckConstraint(condition=models.Q(("margin__gte", -3), ("margin__lte", 3)), name="row_margin_is_on_the_scale"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("adjudication__isnull", True), ("settled", "agreed")),
                            models.Q(("adjudication__isnull", False), ("settled", "adjudicated")),
                            _connector="OR",
                        ),
                        name="adjudicated_row_names_its_adjudication",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("split", models.CharField(blank=True, max_length=10)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.BigIntegerField(help_text="Bytes.")),
                ("rows_count", models.PositiveIntegerField(help_text="Null where a line is not a row.", null=True)),
                (
                    "conversion",
                    models.ForeignKey(
                        help_text="Null: the version's own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="exports.conversion",
                    ),
                ),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="files", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="400a568968b196c276854a60ab6680792e7e54d0",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_fe52b",
                            table="exports_datasetfile",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="03b905801b31afc9bb648a9b2a0310d49ed1b41c",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_1387e",
                            table="exports_datasetfile",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="056a845d593b38fe66213524a0045149899a1ba4",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_39b0d",
                            table="exports_datasetfile",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("version", "name"), name="file_is_in_a_version_once")],
            },
        ),
        migrations.AddField(
            model_name="conversion",
            name="version",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="conversions", to="exports.datasetversion"),
        ),
        migrations.CreateModel(
            name="DownloadLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("name", models.CharField(help_text="Of the file.", max_length=120)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("shown", models.CharField(help_text="The secret's beginning, to recognise it by.", max_length=12)),
                ("for_whom", models.CharField(max_length=120, null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("made_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("revoked_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="links", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="IF (to_jsonb(OLD) - 'revoked_at' - 'revoked_by_id') = (to_jsonb(NEW) - 'revoked_at' - 'revoked_by_id') THEN RETURN NEW; END IF; \nIF (to_jsonb(OLD) - 'for_whom' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'for_whom' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.for_whom IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="fe936c98220c191d2aa95a1f95fe8763f8ec4269",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_b2a8d",
                            table="exports_downloadlink",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="bda9bad1153f0eef092b475a7a27078134824529",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_87e6a",
                            table="exports_downloadlink",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="141ad13042459cfc5915c843d76ec4aa33174af0",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_d549a",
                            table="exports_downloadlink",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("expires_at__gt", models.F("created_at"))), name="download_link_expires_after_it_is_made"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False), models.Q(("for_whom__isnull", False), models.Q(("for_whom", ""), _negated=True)), _connector="OR"
                        ),
                        name="download_link_says_for_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                            models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="revoked_download_link_says_by_whom",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Download",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("name", models.CharField(help_text="Of the file.", max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField(help_text="Of the whole file, in bytes.")),
                ("first_byte", models.PositiveBigIntegerField(help_text="From 0.")),
                ("last_byte", models.PositiveBigIntegerField(help_text="The last one sent.")),
                ("how", models.CharField(choices=[("session", "Session"), ("token", "Token"), ("link", "Link"), ("push", "Push")], max_length=7)),
                ("address", models.GenericIPAddressField(null=True)),
                ("sent_to", models.CharField(blank=True, db_default="", default="", help_text="Where a push went.", max_length=350)),
                ("at", models.DateTimeField()),
                ("person", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("token", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.apitoken")),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="downloads", to="exports.datasetversion")),
                ("link", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="downloads", to="exports.downloadlink")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'address' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'address' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.address IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="73091b23d3cc6819f67dcf296a063ebb874c746d",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_db825",
                            table="exports_download",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ee8a180863fe8b94e5fde0718e06c052d4c4f1d3",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_fd44a",
                            table="exports_download",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="746527c5cf2866fa15c91345784fd1bb6e716621",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_dbbce",
                            table="exports_download",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first_byte__lte", models.F("last_byte")), ("last_byte__lt", models.F("size"))),
                        name="download_sent_bytes_of_the_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("how", "session"), ("link__isnull", True), ("person__isnull", False), ("token__isnull", True)),
                            models.Q(("how", "token"), ("link__isnull", True), ("person__isnull", False), ("token__isnull", False)),
                            models.Q(("how", "link"), ("link__isnull", False), ("person__isnull", True), ("token__isnull", True)),
                            models.Q(("how", "push"), ("link__isnull", True), ("token__isnull", True)),
                            _connector="OR",
                        ),
                        name="download_says_by_what_right",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("how", "push"), models.Q(("sent_to", ""), _negated=True)),
                            models.Q(models.Q(("how", "push"), _negated=True), ("sent_to", "")),
                            _connector="OR",
                        ),
                        name="push_says_where_it_went",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FamilyMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                (
                    "family",
                    models.CharField(help_text="The key that the split was drawn for: anybody can draw it again from the dataset's salt.", max_length=64),
                ),
                ("split", models.CharField(max_length=10)),
                (
                    "dataset",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="family_members", to="exports.dataset"),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="19890a1ddec2315b493597392a61b1aa4b01f35d",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_82643",
                            table="exports_familymember",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="482e9beb2cb300943a7474d24c8a01e916690383",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_a1ec1",
                            table="exports_familymember",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ad6d24976d342a39440dcc6d0b28adcf84aa7fab",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_3c6e7",
                            table="exports_familymember",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("dataset", "key"), name="text_has_one_family_in_a_dataset"),
                    models.CheckConstraint(condition=models.Q(("split__in", ["train", "validation", "test"])), name="family_member_is_in_a_split"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FlagDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("kind", models.CharField(max_length=20)),
                ("leave_out", models.BooleanField(help_text="From all later versions of the dataset. Else the row is fine as it is.")),
                ("reason", models.CharField(max_length=500, null=True)),
                ("at", models.DateTimeField()),
                ("actor", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "row",
                    models.ForeignKey(
                        help_text="Null: all rows of the version.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="exports.datasetrow",
                    ),
                ),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="flag_decisions", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="c3aaf7866068f1b9ec1c44739ea700a70013a852",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_3a635",
                            table="exports_flagdecision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="dfbcb49bbc9494f5b8ccea69ed77f2674f14d8ec",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_d592e",
                            table="exports_flagdecision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="fecdae9dfe5198da042b83e1d2c956197015eb3d",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_68747",
                            table="exports_flagdecision",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), models.Q(("reason__isnull", False), ("reason__regex", "\\S")), _connector="OR"),
                        name="flag_decision_says_why",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GateFigure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gate", models.SlugField(max_length=30)),
                ("value", models.FloatField(help_text="Null: it could not be measured.", null=True)),
                ("low", models.FloatField(help_text="Of the 95 % interval.", null=True)),
                ("high", models.FloatField(help_text="Of the 95 % interval.", null=True)),
                ("n", models.PositiveBigIntegerField(help_text="What it was counted over.", null=True)),
                ("found", models.TextField(help_text="In a sentence.")),
                ("detail", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="figures", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="4a72b57c9d1bda53642aebb166110122ee04c170",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_b6494",
                            table="exports_gatefigure",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d49d1e6cc16eb0f3ab45a09cbd94eb7224577d53",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_404de",
                            table="exports_gatefigure",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="939588ab981437abf62d67671d61f314779eb3d4",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_88634",
                            table="exports_gatefigure",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("version", "gate"), name="gate_is_measured_once_a_version")],
            },
        ),
        migrations.CreateModel(
            name="GateThreshold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("gate", models.SlugField(max_length=30)),
                ("low", models.FloatField(help_text="The least that passes; null: anything.", null=True)),
                ("high", models.FloatField(help_text="The most that passes; null: anything.", null=True)),
                ("reason", models.CharField(max_length=500, null=True)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("dataset", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="thresholds", to="exports.dataset")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="fb77df1dfca11d3c96507d29e1ca364bfe061be3",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_20e20",
                            table="exports_gatethreshold",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="cb5453f3d5719b3f788ce82665908262de8368a7",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_60283",
                            table="exports_gatethreshold",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7f2dc514c830d5f4b2e672d93b9238403e5df759",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_d700b",
                            table="exports_gatethreshold",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), models.Q(("reason__isnull", False), ("reason__regex", "\\S")), _connector="OR"),
                        name="threshold_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("low__isnull", False), ("high__isnull", False), _connector="OR"), name="threshold_asks_for_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("low__isnull", True), ("high__isnull", True), ("low__lte", models.F("high")), _connector="OR"),
                        name="threshold_can_be_met",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldenPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("verdict", models.CharField(choices=[("a", "a"), ("b", "b")], max_length=1, null=True)),
                ("why", models.CharField(max_length=500, null=True)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("dataset", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="golden_pairs", to="exports.dataset")),
                ("pair", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.pair")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'why' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.why IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="e37539e998b64dd5ef85720ca31d611b1a2d6e49",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_e787e",
                            table="exports_goldenpair",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="df80070ff0a2cff759964e2ebe8e495f18dcb32d",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_43fb7",
                            table="exports_goldenpair",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7ef817f5827cd14ccbae67e9e2c71b02b201742b",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_5d475",
                            table="exports_goldenpair",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), models.Q(("why__isnull", False), ("why__regex", "\\S")), _connector="OR"),
                        name="golden_pair_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__isnull", True), ("verdict__in", ["a", "b"]), _connector="OR"), name="golden_pair_chooses_a_side"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Push",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("endpoint", models.CharField(help_text="Of the hub.", max_length=200)),
                ("repo", models.CharField(help_text="OWNER/NAME", max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "asked"), ("sending", "being sent"), ("done", "done"), ("failed", "failed")], default="asked", max_length=7
                    ),
                ),
                ("bytes_done", models.PositiveBigIntegerField(default=0)),
                ("bytes_total", models.PositiveBigIntegerField(default=0)),
                ("attempt", models.PositiveSmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")),
                ("lease_ends_at", models.DateTimeField(null=True)),
                ("commit", models.CharField(blank=True, help_text="What bears the tag.", max_length=64)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pushes", to="exports.datasetversion")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "endpoint", "repo"), name="version_is_pushed_to_a_repository_once"),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("state", "failed"), _negated=True), models.Q(("error", ""), _negated=True), _connector="OR"),
                        name="failed_push_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_ends_at__isnull", False), ("state", "sending")), models.Q(("state", "sending"), _negated=True), _connector="OR"
                        ),
                        name="push_being_sent_has_a_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", False), models.Q(("commit", ""), _negated=True)),
                            models.Q(("state", "done"), _negated=True),
                            _connector="OR",
                        ),
                        name="done_push_names_its_commit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Removal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased", models.BooleanField(help_text="Texts or identity were blanked too.")),
                (
                    "subject_sha256",
                    models.CharField(help_text="Keyed hash of the name, or of the prompt's content: who has it can show that it was meant.", max_length=64),
                ),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("person", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("prompt", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.prompt")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="70f1c72db97a7c19730a08611240340e54fdeafe",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_63367",
                            table="exports_removal",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="cd7eb28cfa12ddf2035ba7f7c67b20f3c5ea56a6",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_ff5da",
                            table="exports_removal",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="6e194cbe9a1baa75b1b4b1b9681e03d246c38c4c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_ec268",
                            table="exports_removal",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("person__isnull", True), ("prompt__isnull", True), _connector="XOR"), name="removal_is_of_a_person_or_a_prompt"
                    ),
                    models.CheckConstraint(condition=models.Q(("reason__regex", "\\S")), name="removal_says_why"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RemovedFrom",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rows", models.PositiveIntegerField()),
                ("labels", models.PositiveIntegerField()),
                (
                    "proofs",
                    models.TextField(
                        blank=True, default="", help_text="Lines of removed.jsonl: each proves that a label was in the version, by its hash alone."
                    ),
                ),
                ("removal", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="exports.removal")),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="removals", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="aca00494e35e9a1057ce701ef6e53b4875b91296",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_4ce3e",
                            table="exports_removedfrom",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="948d202936e9669adaf6424ef5d783f0af6fd81d",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_2a442",
                            table="exports_removedfrom",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="10720412482ba6c07a1be18b87b11765c07ebf16",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_1bddb",
                            table="exports_removedfrom",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("removal", "version"), name="removal_names_a_version_once")],
            },
        ),
        migrations.CreateModel(
            name="RowFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("where", models.CharField(help_text="chosen, rejected, or prompt. with the turn’s place.", max_length=20)),
                ("start", models.PositiveIntegerField(help_text="Characters.")),
                ("end", models.PositiveIntegerField(help_text="Characters; 0: the whole text.")),
                ("row", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="exports.datasetrow")),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="028116e922466718970b44a98abdf504ef9a1058",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_5f60c",
                            table="exports_rowflag",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="32e822c052ccfda048658676bd7c71dbc6ded50b",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_66f43",
                            table="exports_rowflag",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="e28312a16fdbd658e953d1e58d8983a332e74597",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_d32b5",
                            table="exports_rowflag",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("row", "kind", "where", "start"), name="row_is_flagged_once_for_a_thing")],
            },
        ),
        migrations.CreateModel(
            name="SampleRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sample", models.CharField(choices=[("random", "Random"), ("adversarial", "Adversarial")], max_length=11)),
                ("place", models.PositiveIntegerField(help_text="From 1, in the order in which they are read.")),
                ("shortcut", models.CharField(blank=True, help_text="What explains the choice without reading: length, lists or refusal.", max_length=10)),
                ("row", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exports.datasetrow")),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="sample_rows", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0dec1cc18f6f9b3ac92788a281ac0a045e6e5f65",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_28477",
                            table="exports_samplerow",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="620b987223aaa29ff60c65330a73366fcc8df1ba",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_68f8c",
                            table="exports_samplerow",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="eb1ad137bf3f1d247b7c36ca8f38af08ee40d875",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_f49d8",
                            table="exports_samplerow",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "sample", "place"), name="sample_row_has_its_place"),
                    models.UniqueConstraint(fields=("row", "sample"), name="row_is_in_a_sample_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sample", "random"), ("shortcut", "")),
                            models.Q(("sample", "adversarial"), models.Q(("shortcut", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="adversarial_row_names_its_shortcut",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RowReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("verdict", models.CharField(choices=[("fine", "Fine"), ("wrong", "Wrong"), ("unsure", "Unsure")], max_length=6)),
                ("note", models.CharField(blank=True, max_length=500, null=True)),
                ("at", models.DateTimeField()),
                ("reader", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("sampled", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="exports.samplerow")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'note' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.note IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="962c78ba936cb3af4a168b89a3e7f0d6800ccd26",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_90549",
                            table="exports_rowreading",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="109fcf20e81f7b2c52e93274e10f3162dbe6d747",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_03d66",
                            table="exports_rowreading",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="6e2b0f64c6fadf45cb6f93e2a06c557c309b9428",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_bdea1",
                            table="exports_rowreading",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SplitAccess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[("requested", "Requested"), ("approved", "Approved"), ("refused", "Refused"), ("revoked", "Revoked")], max_length=9
                    ),
                ),
                ("reason", models.CharField(max_length=500, null=True)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("dataset", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="split_access", to="exports.dataset")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="d87af6939d1732263197ee961c0c62048926d583",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_b550a",
                            table="exports_splitaccess",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a13a8d2de231933b55d4a57da458944b87f631e5",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_2f13e",
                            table="exports_splitaccess",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a7ce541b993fc20e399124ef42bf5adf40107501",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_4c58d",
                            table="exports_splitaccess",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), models.Q(("reason__isnull", False), ("reason__regex", "\\S")), _connector="OR"),
                        name="split_access_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("actor", models.F("person")), ("kind", "requested")),
                            models.Q(models.Q(("kind", "requested"), _negated=True), models.Q(("actor", models.F("person")), _negated=True)),
                            _connector="OR",
                        ),
                        name="nobody_decides_on_their_own_access",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TextCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tokenizer", models.CharField(blank=True, help_text="root/folder; empty: no chat template was applied.", max_length=300)),
                ("max_length", models.PositiveIntegerField(help_text="Tokens of prompt and answer that the trainer takes.")),
                ("reached", models.PositiveIntegerField(default=0, help_text="Position of the row that was read last.")),
                ("lengths", models.JSONField(default=dict)),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="exports.datasetversion")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "tokenizer", "max_length"), name="version_is_checked_once_a_tokenizer"),
                    models.CheckConstraint(condition=models.Q(("max_length__gte", 1)), name="check_has_a_length"),
                ],
            },
        ),
        migrations.CreateModel(
            name="VersionCampaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.campaign")),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="9d6a4523c4511fc3ee6067a11f3452170fd5bce7",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_1f9ba",
                            table="exports_versioncampaign",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="19a711ab31645327f552923b142ca26d99df6908",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_87666",
                            table="exports_versioncampaign",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="80e16a04c3f49add9da824f071bf827368a534e0",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_9a1f0",
                            table="exports_versioncampaign",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("version", "campaign"), name="campaign_is_in_a_version_once")],
            },
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="campaigns",
            field=models.ManyToManyField(related_name="dataset_versions", through="exports.VersionCampaign", to="labeling.campaign"),
        ),
        migrations.CreateModel(
            name="VersionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("released", "Released"),
                            ("rolled_back", "rolled back"),
                            ("reinstated", "Reinstated"),
                            ("withdrawn", "Withdrawn"),
                            ("succeeded", "Succeeded"),
                        ],
                        max_length=11,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, null=True)),
                ("detail", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        help_text="The version to use in its place.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="exports.datasetversion",
                    ),
                ),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7a856dca8cccf1ae6c03596e5492d105e45f8261",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_84726",
                            table="exports_versionevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7033780a33a3507c4998bc2c32d0b1b390a98697",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_3716d",
                            table="exports_versionevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="249ac6d6125cd2f00b958d13fafec2e5fcce1669",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_0b333",
                            table="exports_versionevent",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("erased_at__isnull", False),
                            models.Q(("reason__isnull", False), models.Q(("kind", "released"), ("reason__regex", "\\S"), _connector="OR")),
                            _connector="OR",
                        ),
                        name="version_event_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("kind", "succeeded"), _negated=True), ("successor__isnull", False), _connector="OR"),
                        name="succeeded_version_names_its_successor",
                    ),
                    models.UniqueConstraint(condition=models.Q(("kind", "released")), fields=("version",), name="version_is_released_once"),
                    models.UniqueConstraint(condition=models.Q(("kind", "withdrawn")), fields=("version",), name="version_is_withdrawn_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("gate", models.SlugField(max_length=30)),
                ("found", models.TextField(help_text="What was found when it was waived.")),
                ("reason", models.CharField(max_length=500, null=True)),
                ("at", models.DateTimeField()),
                ("actor", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("version", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="exports.datasetversion")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'reason' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.reason IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0dd7cdf06e99b2eb1717c620326896da6efbe630",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_85427",
                            table="exports_waiver",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a603ee8bbe3ec23d8fd1d9e8cd53febffe53be1c",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_61e06",
                            table="exports_waiver",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="ae83912b011041f1a56442d6e210733fa5d85961",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_5ba6b",
                            table="exports_waiver",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "gate"), name="gate_is_waived_once_a_version"),
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", False), models.Q(("reason__isnull", False), ("reason__regex", "\\S")), _connector="OR"),
                        name="waiver_says_why",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.UniqueConstraint(fields=("version", "layout", "kind"), name="layout_is_kept_once_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("state", "failed"), _negated=True), models.Q(("error", ""), _negated=True), _connector="OR"),
                name="failed_conversion_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_ends_at__isnull", False), ("state", "writing")), models.Q(("state", "writing"), _negated=True), _connector="OR"
                ),
                name="conversion_being_written_has_a_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at__isnull", False), models.Q(("state", "done"), _negated=True), _connector="OR"),
                name="done_conversion_says_when",
            ),
        ),
        migrations.AddIndex(
            model_name="download",
            index=models.Index(fields=["version", "-id"], name="download_by_version"),
        ),
        migrations.AddIndex(
            model_name="rowflag",
            index=models.Index(fields=["version", "kind", "row"], name="flags_by_kind"),
        ),
        migrations.AddIndex(
            model_name="splitaccess",
            index=models.Index(fields=["dataset", "person", "id"], name="split_access_by_person"),
        ),
    ]
