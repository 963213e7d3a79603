"""What a labeler's page may know: texts, rubric and an opaque key. No model instance passes this door, so nothing else can leak."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts import statements
from accounts.consenting import Wanted
from accounts.models import User
from labeling import clauses, drafting, limits, practising, reopening
from labeling.acknowledging import Unread
from labeling.asks import Asks, Chip, asks_from, spoken
from labeling.limits import midnight
from labeling.models import AdjudicationTurn, Assignment, Campaign, Enrolment, Label, Pair, RubricVersion, Slot
from labeling.phrases import erased
from labeling.rendering import RENDERER
from labeling.renderings import shown_all
from labeling.reopening import Reopenable


@dataclass(frozen=True)
class Turn:
    role: str
    html: SafeString
    raw: SafeString


@dataclass(frozen=True)
class Practice:
    """Which pair of a practice round it is: 2 of 5."""

    number: int
    of: int


@dataclass(frozen=True)
class Criterion:
    """What is judged by itself, besides the whole: the name of its field, and the choice that stands there."""

    name: str
    label: str
    chosen: str


@dataclass(frozen=True)
class Answered:
    key: int
    question: str
    answer: str


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
    practice: Practice | None = None
    """None: real work, or a check of it, which nothing tells apart."""
    done: int = 0
    mine_left: int | None = None
    said: dict[str, Any] = field(default_factory=dict)
    """What was put on the screen before and is not submitted, by the names of the form's fields."""
    undo: Reopenable | None = None
    """The decision that may be reopened from here."""
    is_reopened: bool = False
    reasons: tuple[Chip, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    rationale_minimum: int = 0
    is_flagged: bool = False
    """Its prompt is of a class of risk: it is not shown without a warning."""
    keys: str = "{}"
    """The keys that this person has instead of usual ones, as JSON."""
    words_key: str = field(default_factory=lambda: str(uuid.uuid4()))
    """What a report or a question from this card is sent with, so that a repeated one is one."""
    answers: tuple[Answered, ...] = ()
    """What adjudicators answered to questions of theirs, and they have not said that they read."""


@dataclass(frozen=True)
class Empty:
    """Why there is no pair."""

    why: str
    campaign_slug: str
    campaign_name: str
    done_today: int
    done: int
    mine_left: int | None = None
    undo: Reopenable | None = None


@dataclass(frozen=True)
class Clause:
    """A clause that changed: as it was, and as it is. One of them empty: it was added, or removed."""

    kind: str
    """`changed`, `added`, or `removed`."""
    under: str
    old_html: SafeString
    old_raw: SafeString
    new_html: SafeString
    new_raw: SafeString


@dataclass(frozen=True)
class Reworded:
    """What changed in the rubric since its labeler acknowledged it last. No pair is shown before they have read it."""

    campaign_slug: str
    campaign_name: str
    old_number: int
    new_number: int
    change_note: str
    clauses: tuple[Clause, ...]
    """Empty: nothing but white space."""
    rubric_html: SafeString
    """The whole of the new wording."""
    is_kept: bool
    """A pair waits for them, with what they had said of it."""
    done_today: int
    done: int = 0
    mine_left: int | None = None
    keys: str = "{}"


@dataclass(frozen=True)
class Asked:
    """A person who has not agreed to the text that holds: no pair is shown before they have."""

    campaign_slug: str
    campaign_name: str
    number: int
    body: str
    done_today: int
    done: int = 0
    mine_left: int | None = None
    keys: str = "{}"


@dataclass(frozen=True)
class Texts:
    """What is stored of a pair, as far as a screen needs it."""

    messages: list[dict[str, str]]
    left: str
    right: str
    rubric_number: int
    rubric_body: str
    asks: Asks
    is_flagged: bool = False
    practice: Practice | None = None


TEXTS = """
SELECT coalesce(prompt.messages, jsonb_build_array(jsonb_build_object('role', 'user', 'content', %(erased)s::text)))::text AS messages,
    coalesce(a.text, %(erased)s) AS a, coalesce(b.text, %(erased)s) AS b,
    rubric.number, rubric.body, rubric.reasons::text AS reasons, rubric.criteria::text AS criteria,
    coalesce(prompt.slices ->> 'risk', prompt.slices ->> 'risk_class') AS risk,
    EXISTS (SELECT FROM labeling_slot AS slot WHERE slot.id = %(slot)s AND slot.kind = 'practice') AS practises
FROM labeling_pair AS pair
JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
JOIN policies_response AS a ON a.id = pair.response_a_id
JOIN policies_response AS b ON b.id = pair.response_b_id
JOIN labeling_rubricversion AS rubric ON rubric.id = coalesce(%(wording)s, pair.rubric_version_id)
WHERE pair.id = %(pair)s
"""
# Of these texts what is kept as pages show it; each is looked up by its key, whatever PostgreSQL counted last.
KEPT = f"""
SELECT kept.sha256, kept.html, kept.raw FROM ({TEXTS}) AS texts
CROSS JOIN LATERAL (
    SELECT unnest(ARRAY[texts.a, texts.b, texts.body]) UNION SELECT turn ->> 'content' FROM jsonb_array_elements(texts.messages::jsonb) AS turn
) AS shown (text)
CROSS JOIN LATERAL (
    SELECT * FROM labeling_rendering AS each
    WHERE each.sha256 = encode(sha256(convert_to(shown.text, 'UTF8')), 'hex') AND each.renderer = %(renderer)s OFFSET 0
) AS kept
"""  # noqa: S608 - ours, all of it
KEY_MAP = "SELECT keys::text AS keys FROM labeling_keymap WHERE user_id = %(labeler)s"
# By the index alone, but for the few rows that supersede another. What its labeler reopened is not done: nobody is in its place.
LABELS_SINCE = """
SELECT count(*) FILTER (WHERE supersedes_id IS NULL) - (
    SELECT count(*) FROM labeling_label AS gone JOIN labeling_slot AS slot ON slot.id = gone.slot_id AND slot.labeler_id IS NULL
    WHERE gone.labeler_id = %(labeler)s AND gone.submitted_at >= %(midnight)s AND gone.supersedes_id IS NOT NULL AND gone.is_retraction) AS done
FROM labeling_label WHERE labeler_id = %(labeler)s AND submitted_at >= %(midnight)s
"""


# By the few questions that one person asks.
ANSWERS = """
SELECT answer.id, coalesce(question.text, '') AS question, coalesce(answer.text, '') AS answer FROM labeling_question AS question
JOIN labeling_answer AS answer ON answer.question_id = question.id
JOIN labeling_pair AS pair ON pair.id = question.pair_id
WHERE question.labeler_id = %(labeler)s AND pair.campaign_id = %(campaign)s
  AND NOT EXISTS (SELECT FROM labeling_answerread AS read WHERE read.answer_id = answer.id)
ORDER BY answer.id
"""
SCREEN = statements.together(TEXTS, KEPT, drafting.SAID, LABELS_SINCE, KEY_MAP, reopening.RECENT, ANSWERS)


def card_for(assignment: Assignment, campaign: Campaign, *, at: datetime, said: dict[str, Any] | None = None, is_reopened: bool = False) -> Card:
    """Build the card of an assignment, its sides as they were drawn. `said` is what was just sent and not taken; else what was kept is on it."""
    asked = reopening.asked_of(campaign, assignment.labeler, at=at) | {"assignment": assignment.key, "midnight": midnight(at), "renderer": RENDERER}
    asked |= {"erased": erased(), "pair": assignment.pair_id, "slot": assignment.slot_id, "wording": assignment.rubric_version_id}
    [stored], kept, draft, [[done_today]], keys, recent, answers = statements.each(SCREEN, **asked)
    texts = texts_in(stored, left_is_a=assignment.left_is_a, slot_id=assignment.slot_id)
    said = drafting.draft_in(draft) if said is None else said
    return replace(
        build(texts, campaign, key=assignment.key, submission_key=said.get("submission_key", ""), done_today=done_today, kept=kept),
        keys=keys_in(keys),
        said=said,
        undo=next(iter(reopening.recent_in(recent)), None),
        is_reopened=is_reopened,
        is_flagged=texts.is_flagged,
        reasons=texts.asks.reasons,
        criteria=tuple(Criterion(f"criterion-{one.key}", one.label, said.get("criteria", {}).get(one.key, "")) for one in texts.asks.criteria),
        rationale_minimum=campaign.rationale_minimum,
        answers=tuple(Answered(*answer) for answer in answers),
    )


def reworded_for(unread: Unread, campaign: Campaign, labeler: User, *, at: datetime) -> Reworded:
    """Build the card of what changed in a campaign's rubric: clauses, old beside new."""
    [whole] = shown_all([unread.new.body])
    return Reworded(
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        old_number=unread.old.number,
        new_number=unread.new.number,
        change_note=unread.new.change_note,
        clauses=clauses_between(unread.old, unread.new),
        rubric_html=whole.html,
        is_kept=Slot.objects.held().filter(campaign=campaign, labeler=labeler).exists(),
        done_today=labels_since_midnight(labeler, at=at),
        keys=keys_of(labeler.pk),
    )


def clauses_between(old: RubricVersion, new: RubricVersion) -> tuple[Clause, ...]:
    found = clauses.changes(whole_of(old), whole_of(new))
    shown = shown_all([text for change in found for text in (change.old, change.new)]) if found else []
    sides = zip(found, shown[::2], shown[1::2], strict=True)
    return tuple(Clause(change.kind, change.under, before.html, before.raw, after.html, after.raw) for change, before, after in sides)


def whole_of(version: RubricVersion) -> str:
    """Return what a version says, with the reasons that it offers and the criteria that it asks about as lists behind the wording."""
    lists = [(_("Reasons"), version.reasons), (_("Criteria"), version.criteria)]
    return "\n\n".join([version.body, *("\n".join([f"## {title}", *(f"- {spoken(one['label'])}" for one in named)]) for title, named in lists if named)])


def asked_for(wanted: Wanted, campaign: Campaign, labeler: User, *, at: datetime) -> Asked:
    done_today = labels_since_midnight(labeler, at=at)
    return Asked(campaign.slug, campaign.name, wanted.number, wanted.body, done_today, keys=keys_of(labeler.pk))


def undo_of(campaign: Campaign, labeler: User, *, at: datetime) -> Reopenable | None:
    """Return the decision that the key of undoing reopens: the latest that may be."""
    return next(iter(reopening.recent(campaign, labeler, at=at)), None)


def card_of_turn(turn: AdjudicationTurn, campaign: Campaign, *, at: datetime, submission_key: str = "") -> Card:
    """Build the card of an adjudicator's turn: nothing of the labels is on it."""
    texts = texts_of(turn.pair_id, left_is_a=turn.left_is_a)
    settled = turn.adjudicator.adjudications.filter(submitted_at__gte=midnight(at)).count()
    card = build(texts, campaign, key=turn.key, submission_key=submission_key, done_today=settled)
    return replace(card, keys=keys_of(turn.adjudicator_id))


def keys_of(user_id: int) -> str:
    return keys_in(statements.every(KEY_MAP, labeler=user_id))


def keys_in(rows: Sequence[statements.Row]) -> str:
    """Read what KEY_MAP found: as the page has them, in JSON."""
    return str(rows[0][0]) if rows else "{}"


def empty_for(campaign: Campaign, labeler: User, *, at: datetime) -> Empty:
    why = {Campaign.State.OPEN: "nothing_left", Campaign.State.PAUSED: "paused", Campaign.State.DRAFT: "not_open"}.get(Campaign.State(campaign.state), "closed")
    if campaign.state == Campaign.State.OPEN:
        why = paused(campaign, labeler) or limits.reached(campaign, labeler, at=at) or why
    done = Label.objects.first_answers().filter(labeler=labeler, pair__campaign=campaign).count()
    return Empty(why, campaign.slug, campaign.name, labels_since_midnight(labeler, at=at), done, undo=undo_of(campaign, labeler, at=at))


def paused(campaign: Campaign, labeler: User) -> str:
    is_paused = Enrolment.objects.filter(campaign=campaign, labeler=labeler, state=Enrolment.State.PAUSED).exists()
    return "paused_labeler" if is_paused else ""


def texts_of_assignment(assignment: Assignment) -> Texts:
    """Return what an assignment shows: its sides as they were drawn, and the wording that its label is stored under."""
    return texts_of(assignment.pair_id, left_is_a=assignment.left_is_a, slot_id=assignment.slot_id, rubric_version=assignment.rubric_version_id)


def texts_of(pair_id: int, *, left_is_a: bool, slot_id: int | None = None, rubric_version: int | None = None) -> Texts:
    """Return what is stored of a pair, with the wording that it is judged by, or another."""
    row = statements.one(TEXTS, pair=pair_id, slot=slot_id, wording=rubric_version, erased=erased())
    if row is None:
        raise Pair.DoesNotExist(pair_id)
    return texts_in(row, left_is_a=left_is_a, slot_id=slot_id)


def texts_in(row: statements.Row, *, left_is_a: bool, slot_id: int | None) -> Texts:
    """Read what TEXTS found."""
    messages, a, b, rubric_number, rubric_body, reasons, criteria, risk, practises = row
    practice = Practice(*practising.place_in_round(slot_id)) if practises and slot_id else None
    asks = asks_from(json.loads(reasons), json.loads(criteria))
    return Texts(json.loads(messages), *((a, b) if left_is_a else (b, a)), rubric_number, rubric_body, asks, is_risk(risk), practice)


NO_RISK = ("", "none", "no", "low", "benign", "harmless", "safe", "sensitive")
"""Classes without a warning. What is sensitive, such as health and money, wants care, and is not hard to read."""


def is_risk(named: str | None) -> bool:
    """Does the slice `risk` or `risk_class` of a prompt name one? Which one is no labeler's business."""
    return (named or "").strip().casefold() not in NO_RISK


def build(texts: Texts, campaign: Campaign, *, key: uuid.UUID, submission_key: str, done_today: int, kept: list[statements.Row] | None = None) -> Card:
    shown = shown_all([*(message["content"] for message in texts.messages), texts.left, texts.right, texts.rubric_body], found=kept)
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
        rubric_number=texts.rubric_number,
        rubric_html=rubric.html,
        done_today=done_today,
        rationale_required=campaign.rationale_required,
        practice=texts.practice,
    )


def labels_since_midnight(labeler: User, *, at: datetime) -> int:
    counted = statements.one(LABELS_SINCE, labeler=labeler.pk, midnight=midnight(at))
    return int(counted[0]) if counted else 0
