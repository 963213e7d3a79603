"""`erase --person NAME | --prompt ID --reason TEXT`: what is to be forgotten is forgotten, and versions without it take the place of those with it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import erasable
from accounts.models import User
from exports import erasing, succeeding
from exports.models import Removal
from exports.removals import Subject
from policies.models import Prompt


class Command(BaseCommand):
    help = (
        "Erase a person or a prompt. Of a person: the name, and all they wrote; their labels are retracted. Of a prompt: its text wherever it was imported, "
        "the responses to it, and every note about its pairs. Versions that hold something of it are withdrawn, their files are removed, and a successor is "
        "cut whose manifest proves what is gone without holding it. With --only-withdraw nothing is blanked and no file removed. It cannot be undone, "
        "and it does not reach into backups: erase again after one was restored. What is left on the pages of the database is overwritten by VACUUM FULL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--person", metavar="NAME", help="the name they sign in with, or under which their labels arrived")
        what.add_argument("--prompt", metavar="ID", type=int, help="the prompt's number, as on the page of its set")
        parser.add_argument("--reason", required=True, help="why; it stays, so it must not repeat what is to be forgotten")
        parser.add_argument("--only-withdraw", action="store_true", help="use it no more, and keep it")

    def handle(self, *args: Any, **options: Any) -> None:
        subject = subject_of(options)
        words = subject.words()
        if any(word in options["reason"] for word in words):
            raise CommandError("The reason repeats what is to be forgotten; nothing was done.")
        try:
            removal = erasing.remove(subject, erase=not options["only_withdraw"], reason=options["reason"], actor=None, at=timezone.now())
        except erasing.NotErased as refusal:
            raise CommandError(f"{refusal} Nothing was done.") from refusal
        for line in [*self.after(removal), *(left(words) if removal.erased else [])]:
            self.stdout.write(line)

    def after(self, removal: Removal) -> list[str]:
        held = [f"{part.version.dataset} version {part.version.number}: withdrawn; {part.rows:,} rows, {part.labels:,} labels" for part in parts_of(removal)]
        folders = [f"files removed: {folder}" for folder in erasing.finish()]
        made, missing = succeeding.cut_all(by=None, at=timezone.now())
        cut = [f"{version.dataset} version {version.number} takes its place; id {version.manifest_sha256}" for version in made]
        return [f"{removal}.", *(held or ["No version held anything of it."]), *folders, *cut, *(f"No successor: {why}" for why in missing)]


def subject_of(options: dict[str, Any]) -> Subject:
    """Return who or what is meant. Raises CommandError."""
    if options["person"]:
        person = User.objects.filter(username=options["person"]).first()
        if person is None:
            raise CommandError(f"There is nobody called {options['person']!r}.")
        return Subject(person=person)
    prompt = Prompt.objects.filter(pk=options["prompt"], erased_at=None).first()
    if prompt is None:
        raise CommandError(f"There is no prompt {options['prompt']}, or it was erased.")
    return Subject(prompts=[prompt, *Prompt.objects.filter(content_sha256=prompt.content_sha256).exclude(pk=prompt.pk)])


def parts_of(removal: Removal) -> Any:
    return removal.versions.select_related("version__dataset").order_by("version__number")


def left(words: list[str]) -> list[str]:
    """Say where it still stands: in texts that other people wrote, perhaps. They are for the operator to look at."""
    found = erasable.left_over(words) if words else []
    return [f"still stands in {rows:,} rows of {table}.{column}: look whether that is meant" for table, column, rows in found] or [
        "It stands nowhere in the database any more."
    ]
