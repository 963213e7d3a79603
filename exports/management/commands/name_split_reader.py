"""`name_split_reader DATASET USER`: name somebody who may download a dataset's private split, or take that back."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from exports import granting
from exports.models import Dataset, SplitAccess


class Command(BaseCommand):
    help = (
        "Name a person who may download the private test split of a dataset, or take that back with --revoke. Usually owners and the dataset's maker "
        "decide on its page; nobody decides on their own access, so where there is one person alone, an operator does. Written down like any decision."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="its name")
        parser.add_argument("user", help="a researcher or an owner")
        parser.add_argument("--reason", required=True, help="why; it stands on the dataset's page")
        parser.add_argument("--revoke", action="store_true", help="take it back")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = Dataset.objects.filter(name=options["dataset"]).first()
        person = User.objects.filter(username=options["user"], kind=User.Kind.PERSON, is_active=True).first()
        if dataset is None or person is None:
            raise CommandError(f"There is no {'dataset ' + repr(options['dataset']) if dataset is None else 'person ' + repr(options['user'])}.")
        kind = SplitAccess.Kind.REVOKED if options["revoke"] else SplitAccess.Kind.APPROVED
        try:
            granting.decide(dataset, person=person, kind=kind, actor=None, reason=options["reason"], at=timezone.now())
        except granting.NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{person.username} {'may no longer' if options['revoke'] else 'may'} download the private split of {dataset}.")
