"""From somebody's wish to labels and texts that are used no more, or are gone: versions withdrawn, files removed, successors cut."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from accounts import erasable
from accounts.marking import marked
from accounts.models import AccountEvent, ApiToken, User
from exports import folders, removals, stepping
from exports.models import DatasetVersion, Removal, RemovedFrom, VersionEvent
from exports.removals import Subject
from labeling import retraction, withdrawing
from labeling.models import Adjudication, Answer, Campaign, CampaignEvent, Draft, GoldItem, Invitation, Label, Pair, Question, Rendering, Report, Skip
from labeling.renderings import key_of
from policies.models import GenerationRequest, Prompt, Response

log = logging.getLogger(__name__)

State = DatasetVersion.State
Status = GenerationRequest.Status
WITHDRAWN = marked("its prompt was withdrawn")


class NotErased(Exception):
    """Why nothing was done, for people."""


@transaction.atomic(durable=True)
def remove(subject: Subject, *, erase: bool, reason: str, actor: User | None, at: datetime) -> Removal:
    """Take a person's labels, or a prompt and all that was made of it, out of use; `erase` blanks the texts, and the person's name, as well.

    Every version that holds something of it is withdrawn at once. What has to be done to files is done by `finish`, then or later. Raises NotErased.
    """
    refuse_unless_meant(subject, reason)
    removal = Removal.objects.create(
        person=subject.person,
        prompt=subject.prompts[0] if subject.prompts else None,
        erased=erase,
        subject_sha256=erasable.keyed_hash(subject.person.username if subject.person else subject.prompts[0].content_sha256),
        reason=reason.strip(),
        actor=actor,
        at=at,
    )
    words = subject.words()
    withdraw_versions(removal, subject)
    take_out_of_work(removal, subject)
    if erase:
        blank(removal, subject, words)
    return removal


def refuse_unless_meant(subject: Subject, reason: str) -> None:
    """Raise NotErased for a removal that says nothing, or that was done."""
    if not reason.strip():
        raise NotErased(_("Say why: it stands beside what was removed."))
    if subject.person and subject.person.is_owner and not User.objects.filter(is_owner=True, is_active=True).exclude(pk=subject.person.pk).exists():
        raise NotErased(_("{username} is the only owner. Make somebody else an owner first.").format(username=subject.person.username))


def withdraw_versions(removal: Removal, subject: Subject) -> None:
    """Note what each version held of it, with the proofs, and withdraw it. Of a folder that is not whole there are no proofs."""
    for version, rows, labels in removals.affected(subject):
        try:
            proofs = removals.proofs(version.folder, removals.is_gone(version, subject)).decode()
        except (OSError, ValueError):
            log.warning("%s version %s: its votes cannot be read, so what was in it is not proven", version.dataset, version.number)
            proofs = ""
        RemovedFrom.objects.create(removal=removal, version=version, rows=rows, labels=labels, proofs=proofs)
        stepping.step(version, VersionEvent.Kind.WITHDRAWN, actor=removal.actor, reason=why(removal), at=removal.at, detail={"removal": removal.pk})


def why(removal: Removal) -> str:
    """Return what everybody may read: never whose labels, nor which prompt."""
    return (
        f"It held {removal.subject} {'that were erased' if removal.person_id else 'that was erased'}"
        if removal.erased
        else f"It held {removal.subject}, withdrawn since"
    )


def take_out_of_work(removal: Removal, subject: Subject) -> None:
    at, actor = removal.at, removal.actor
    if subject.person:
        for campaign in Campaign.objects.filter(pairs__labels__labeler=subject.person).distinct().order_by("pk"):
            theirs = Label.objects.filter(labeler=subject.person, pair__campaign=campaign, slot__isnull=False)
            retraction.retract(theirs, campaign=campaign, actor=actor, why=marked("withdrawn by whoever gave them"), submission_key=uuid.uuid4(), at=at)
    for pair in Pair.objects.filter(prompt__in=subject.prompt_pks).select_related("campaign").order_by("campaign_id", "pk"):
        withdrawing.withdraw_for_good(pair=pair, reason=WITHDRAWN, actor=actor, at=at)
    # What a worker holds is ended too, so that no answer comes after.
    asked = GenerationRequest.objects.filter(prompt__in=subject.prompt_pks, status__in=[Status.QUEUED, Status.RUNNING])
    asked.update(status=Status.STOPPED, finished_at=at, lease_ends_at=None, error="")


# Blanking


OF_TEXTS = (Prompt, Response, Label, Skip, Report, Question, Answer, Adjudication, GoldItem)
"""What is said of texts. A name that stands there may be anybody's, so it is left to be looked at."""


def blank(removal: Removal, subject: Subject, words: Sequence[str]) -> None:
    if subject.person:
        blank_person(subject.person, removal)
    if subject.prompts:
        blank_prompts(subject.prompt_pks, removal)
    for ledger in erasable.catalogue():
        if ledger.model not in OF_TEXTS:
            erasable.blank(ledger.mentioning(words), ledger.columns, why=removal.reason, at=removal.at)


def blank_person(person: User, removal: Removal) -> None:
    """Blank what they wrote and what they are called. Their labels stay as verdicts of nobody in particular, retracted."""
    for ledger in erasable.catalogue():
        if ledger.model is not CampaignEvent:
            erasable.blank(ledger.written_by(User, [person.pk]), ledger.columns, why=removal.reason, at=removal.at)
    erasable.blank(Answer.objects.filter(question__labeler=person), ["text"], why=removal.reason, at=removal.at)  # it speaks to them
    end_sessions(person)
    Draft.objects.filter(assignment__labeler=person).delete()
    ApiToken.objects.filter(user=person).update(name=F("pk"), shown="", revoked_at=removal.at)
    Invitation.objects.filter(Q(used_by=person) | Q(for_whom__in=[person.username, person.get_full_name(), person.email])).update(for_whom="erased")
    name = f"erased-{person.pk}"
    blank_fields = {"first_name": "", "last_name": "", "email": "", "password": make_password(None), "last_login": None}
    marks = {"is_active": False, "is_owner": False, "is_researcher": False, "is_staff": False, "is_superuser": False}
    User.objects.filter(pk=person.pk).update(username=name, session_epoch=F("session_epoch") + 1, **blank_fields, **marks)
    marks_of_erasing = {"erased_at": removal.at, "erased_why": removal.reason, "erased_sha256": erasable.keyed_hash(person.username)}
    AccountEvent.objects.create(user=person, actor=removal.actor, kind=AccountEvent.Kind.ERASED, at=removal.at, **marks_of_erasing)


def end_sessions(person: User) -> None:
    """Delete the sessions in which the person is signed in: a message that waits in one may name them."""
    theirs = [session.pk for session in Session.objects.iterator() if session.get_decoded().get(SESSION_KEY) == str(person.pk)]
    Session.objects.filter(pk__in=theirs).delete()


def blank_prompts(pks: Sequence[int], removal: Removal) -> None:
    """Blank the prompts, the responses to them, and every note about their pairs, which may quote them; what an engine said of them too."""
    forget_renderings(pks)
    GenerationRequest.objects.filter(prompt__in=pks).exclude(error="").update(error="erased")
    pairs = list(Pair.objects.filter(prompt__in=pks).values_list("pk", flat=True))
    events = CampaignEvent.objects.filter(detail__pair__in=pairs).exclude(kind="pair_withdrawn", detail__reason=WITHDRAWN)
    erasable.blank(events, ["detail"], why=removal.reason, at=removal.at)
    for ledger in erasable.catalogue():
        if ledger.model not in (User, AccountEvent, CampaignEvent):
            erasable.blank(ledger.about(Prompt, pks), ledger.columns, why=removal.reason, at=removal.at)
    Draft.objects.filter(assignment__pair__prompt__in=pks).delete()


def forget_renderings(pks: Sequence[int]) -> None:
    """Throw away how their texts were shown. (One that another prompt shares is made anew when it is next looked at.)"""
    texts = [turn["content"] for messages in Prompt.objects.filter(pk__in=pks, erased_at=None).values_list("messages", flat=True) for turn in messages]
    texts += Response.objects.filter(prompt__in=pks, erased_at=None).values_list("text", flat=True)
    Rendering.objects.filter(pk__in=[key_of(text) for text in texts]).delete()


# Files


@transaction.atomic
def finish() -> list[Path]:
    """Remove the files of versions that held what was erased, and return the folders. Twice is once; what a process left that died, the next removes.

    What lies aside since before the last erasing goes as well, whatever version it was once meant for: nobody knows what is in it.
    """
    erased = DatasetVersion.objects.filter(removals__removal__erased=True).select_related("dataset").distinct()
    gone = [folder for version in erased.defer("manifest") for folder in folders_of(version) if folder.exists()]
    last = Removal.objects.filter(erased=True).aggregate(last=Max("at"))["last"]
    if last and folders.nobody_publishes():
        gone += folders.lying_aside(before=last)
    for folder in gone:
        shutil.rmtree(folder)
    return gone


def folders_of(version: DatasetVersion) -> Iterable[Path]:
    """Yield where files of a version lie: its own, and those in the layouts of trainers."""
    yield version.folder
    yield version.folder.with_name(f"{version.folder.name}.layouts")


def without_successor() -> list[DatasetVersion]:
    """Return the newest version of each dataset that was withdrawn because of a removal, where no successor is named yet."""
    newest: dict[int, DatasetVersion] = {}
    for version in DatasetVersion.objects.filter(removals__isnull=False).distinct().select_related("dataset").order_by("number"):
        newest[version.dataset_id] = version
    return [version for version in newest.values() if not version.events.filter(successor__isnull=False).exists()]


def name_successor(successor: DatasetVersion, *, actor: User | None, at: datetime) -> list[DatasetVersion]:
    """Say of every version of the dataset that was withdrawn because of a removal, and has no successor, that this one takes its place."""
    waiting = DatasetVersion.objects.filter(dataset=successor.dataset_id, removals__isnull=False, number__lt=successor.number).distinct().order_by("number")
    named = [version for version in waiting if not version.events.filter(successor__isnull=False).exists()]
    for version in named:
        stepping.step(version, VersionEvent.Kind.SUCCEEDED, actor=actor, reason=marked("Cut without what was removed"), at=at, successor=successor)
    return named
