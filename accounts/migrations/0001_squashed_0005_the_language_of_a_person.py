"""Accounts as they came to be, in one step."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_tokens_that_only_download"),
        ("accounts", "0003_accounts_that_may_be_erased"),
        ("accounts", "0004_consent"),
        ("accounts", "0005_the_language_of_a_person"),
    ]

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(default=False, help_text="Designates whether the user can log into this admin site.", verbose_name="staff status"),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                (
                    "kind",
                    models.CharField(choices=[("person", "Person"), ("external", "External"), ("synthetic", "Synthetic")], default="person", max_length=10),
                ),
                ("is_owner", models.BooleanField(default=False)),
                ("is_researcher", models.BooleanField(default=False)),
                ("session_epoch", models.PositiveIntegerField(default=0, help_text="Raised to end every session of this person, for ever.")),
                (
                    "language",
                    models.CharField(blank=True, db_default="", default="", help_text="The pages' language; empty: as the browser asks.", max_length=10),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind", "person"), models.Q(("is_owner", False), ("is_researcher", False)), _connector="OR"),
                        name="only_a_person_holds_a_mark",
                    ),
                    models.CheckConstraint(condition=models.Q(("username", ""), _negated=True), name="user_has_a_name"),
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("joined", "Joined"),
                            ("mark_given", "Mark Given"),
                            ("mark_taken", "Mark Taken"),
                            ("closed", "Closed"),
                            ("erased", "Erased"),
                            ("reopened", "Reopened"),
                            ("token_made", "Token Made"),
                            ("token_revoked", "Token Revoked"),
                            ("password_link", "Password Link"),
                            ("password_set", "Password Set"),
                        ],
                        max_length=14,
                    ),
                ),
                ("detail", models.TextField(blank=True, default="", max_length=200, null=True)),
                ("at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(null=True)),
                ("erased_why", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("erased_sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("actor", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\nIF (to_jsonb(OLD) - 'detail' - 'erased_at' - 'erased_why' - 'erased_sha256')\n     = (to_jsonb(NEW) - 'detail' - 'erased_at' - 'erased_why' - 'erased_sha256')\n   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.detail IS NULL\n   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN\n    RETURN NEW;\nEND IF;\nRAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0692a268dcb50427f8018ca37bee59d790e7b1f4",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_ba5f9",
                            table="accounts_accountevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="0ab243fef5e52a83ce2b9be1803f94dbe3a0881a",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_e848a",
                            table="accounts_accountevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="79b2a52763d818bfb40bc26e0c2f64b5d3cead22",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_59d5f",
                            table="accounts_accountevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("shown", models.CharField(help_text="The token's beginning, to recognise it by.", max_length=12)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("label", "Label"), ("read", "Read"), ("write", "Write"), ("download", "Download")], max_length=10
                        ),
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("revoked_at__isnull", True)), fields=("user", "name"), name="token_has_its_name_alone"),
                    models.CheckConstraint(condition=models.Q(("expires_at__gt", models.F("created_at"))), name="token_expires_after_it_is_made"),
                    models.CheckConstraint(condition=models.Q(("scopes__len__gt", 0)), name="token_may_do_something"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True)),
                ("body", models.TextField()),
                ("sha256", models.CharField(help_text="Of the body's UTF-8 bytes.", max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        help_text="Null: an operator.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="9322c5a78eccd2affda7274747209c4cc0515362",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_0e1fd",
                            table="accounts_consenttext",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="a826aa79a94ca9cdd9f6430c17d0f9d8f28bc978",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_af0c6",
                            table="accounts_consenttext",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="e78fa49d7e64d6da2f2dea5b3bb9c1e354a81409",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_a6924",
                            table="accounts_consenttext",
                            when="BEFORE",
                        ),
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("body", ""), _negated=True), name="consent_text_says_something"),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="consent_texts_are_numbered_from_one"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="consents", to=settings.AUTH_USER_MODEL)),
                ("text", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.consenttext")),
            ],
            options={
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="refuse_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="7fac2b3fe296363b5958ec26a41d5d9f0d89341c",
                            operation="UPDATE",
                            pgid="pgtrigger_refuse_update_06292",
                            table="accounts_consent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="5428e05871950b5f4e3a37ee2a7e6dc84fce0ea6",
                            operation="DELETE",
                            pgid="pgtrigger_refuse_delete_1b46a",
                            table="accounts_consent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="refuse_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';",
                            hash="8acd4258c549ecba0e295c9bf049c9fcfe2452c3",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_refuse_truncate_6b662",
                            table="accounts_consent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
    ]
