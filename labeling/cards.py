"""What a labeler's page may know: texts, rubric and an opaque key. No model instance passes this door, so nothing else can leak."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from labeling.models import AdjudicationTurn, Assignment, Campaign, Label, Pair, Rendering, RubricVersion
from labeling.rendering import RENDERER, render_raw, render_text


@dataclass(frozen=True)
class Shown:
    """A text as a page shows it."""

    html: SafeString
    raw: SafeString


@dataclass(frozen=True)
class Turn:
    role: str
    html: SafeString
    raw: SafeString


@dataclass(frozen=True)
class Card:
    """One pair on one person's screen. Left and right are all that is told apart."""

    key: str
    submission_key: str
    campaign_slug: str
    campaign_name: str
    turns: tuple[Turn, ...]
    prompt_html: SafeString
    prompt_raw: SafeString
    left_html: SafeString
    left_raw: SafeString
    right_html: SafeString
    right_raw: SafeString
    rubric_number: int
    rubric_html: SafeString
    done_today: int
    rationale_required: bool = False
    done: int = 0
    mine_left: int | None = None


@dataclass(frozen=True)
class Empty:
    """Why there is no pair."""

    why: str
    campaign_slug: str
    campaign_name: str
    done_today: int
    done: int
    mine_left: int | None = None


@dataclass(frozen=True)
class Texts:
    """What is stored of a pair, as far as a screen needs it."""

    messages: list[dict[str, str]]
    left: str
    right: str
    rubric: RubricVersion


def card_for(assignment: Assignment, campaign: Campaign, *, at: datetime, submission_key: str = "") -> Card:
    """Build the card of an assignment, its sides as they were drawn."""
    texts = texts_of(assignment.pair_id, left_is_a=assignment.left_is_a, rubric=campaign.rubric_version)
    return build(texts, campaign, key=assignment.key, submission_key=submission_key, done_today=labels_since_midnight(assignment.labeler, at=at))


def card_of_turn(turn: AdjudicationTurn, campaign: Campaign, *, at: datetime, submission_key: str = "") -> Card:
    """Build the card of an adjudicator's turn: nothing of the labels is on it."""
    texts = texts_of(turn.pair_id, left_is_a=turn.left_is_a, rubric=campaign.rubric_version)
    settled = turn.adjudicator.adjudications.filter(submitted_at__gte=midnight(at)).count()
    return build(texts, campaign, key=turn.key, submission_key=submission_key, done_today=settled)


def empty_for(campaign: Campaign, labeler: User, *, at: datetime) -> Empty:
    why = {Campaign.State.OPEN: "nothing_left", Campaign.State.PAUSED: "paused", Campaign.State.DRAFT: "not_open"}.get(Campaign.State(campaign.state), "closed")
    done = Label.objects.first_answers().filter(labeler=labeler, pair__campaign=campaign).count()
    return Empty(why, campaign.slug, campaign.name, labels_since_midnight(labeler, at=at), done)


def texts_of(pair_id: int, *, left_is_a: bool, rubric: RubricVersion) -> Texts:
    a, b, messages, version = Pair.objects.values_list("response_a__text", "response_b__text", "prompt__messages", "rubric_version").get(pk=pair_id)
    if version != rubric.pk:
        rubric = RubricVersion.objects.get(pk=version)
    return Texts(messages, *((a, b) if left_is_a else (b, a)), rubric)


def build(texts: Texts, campaign: Campaign, *, key: uuid.UUID, submission_key: str, done_today: int) -> Card:
    shown = shown_all([*(message["content"] for message in texts.messages), texts.left, texts.right, texts.rubric.body])
    *turns, left, right, rubric = shown
    *earlier, last = (Turn(message["role"], text.html, text.raw) for message, text in zip(texts.messages, turns, strict=True))
    return Card(
        key=str(key),
        submission_key=submission_key or str(uuid.uuid4()),
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        turns=tuple(earlier),
        prompt_html=last.html,
        prompt_raw=last.raw,
        left_html=left.html,
        left_raw=left.raw,
        right_html=right.html,
        right_raw=right.raw,
        rubric_number=texts.rubric.number,
        rubric_html=rubric.html,
        done_today=done_today,
        rationale_required=campaign.rationale_required,
    )


def shown_all(texts: list[str]) -> list[Shown]:
    """Return the renderings of these texts: kept ones by hash, and what is missing or of an older renderer made now and kept."""
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    kept = {row[0]: Shown(mark_safe(row[1]), mark_safe(row[2])) for row in stored_renderings(set(keys))}  # noqa: S308 - made by `rendering`
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
    if missing:
        made = {key: Shown(render_text(text), render_raw(text)) for key, text in missing.items()}
        keep(made)
        kept |= made
    return [kept[key] for key in keys]


def stored_renderings(keys: set[str]) -> Iterable[tuple[str, str, str]]:
    return Rendering.objects.filter(sha256__in=keys, renderer=RENDERER).values_list("sha256", "html", "raw")


def keep(made: dict[str, Shown]) -> None:
    rows = [Rendering(sha256=key, renderer=RENDERER, html=str(shown.html), raw=str(shown.raw)) for key, shown in sorted(made.items())]
    Rendering.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sha256"], update_fields=["renderer", "html", "raw"])


def labels_since_midnight(labeler: User, *, at: datetime) -> int:
    return Label.objects.filter(labeler=labeler, submitted_at__gte=midnight(at), supersedes=None).count()


def midnight(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
