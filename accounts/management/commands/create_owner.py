"""Let the first owner in."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts import passwords

FROM_ENVIRONMENT = "OWNER_PASSWORD"


class Command(BaseCommand):
    help = (
        "Make an owner of this installation and print a one-time link at which they choose a password. "
        f"With --password, set it here instead: from {FROM_ENVIRONMENT} if that is in the environment, else asked for twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name they sign in with.")
        parser.add_argument("--password", action="store_true", help=f"Set the password now, from {FROM_ENVIRONMENT} or from the keyboard.")
        parser.add_argument("--existing", action="store_true", help="The person is there already: make them an owner, open their account if it is closed.")

    def handle(self, *, name: str, password: bool, existing: bool, **options: Any) -> None:
        chosen = ask_for_password() if password else ""
        try:
            link = make_owner(name, chosen, existing=existing)
        except passwords.Exists as refusal:
            raise CommandError(str(refusal)) from refusal
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(f"{name} is an owner. {f'Once, within three days: {link}' if link else 'They sign in with that password.'}")


def ask_for_password() -> str:
    """Return the password from the environment, or what was typed twice alike. Raises CommandError."""
    if given := os.environ.get(FROM_ENVIRONMENT):
        return given
    typed = getpass.getpass("Password: ")
    if not typed or typed != getpass.getpass("Once more: "):
        raise CommandError("The two were not the same, or empty. Nothing was stored.")
    return typed


@transaction.atomic
def make_owner(name: str, password: str, *, existing: bool) -> str:
    """Make the owner, with the password if there is one; else return the link for choosing one."""
    at = timezone.now()
    owner = passwords.make_owner(name=name, existing=existing, at=at)
    if not password:
        return passwords.make_link(user=owner, actor=None, at=at)
    validate_password(password, owner)
    passwords.set_password(user=owner, password=password, actor=None, at=at)
    return ""
