"""Who labels in a campaign now, how fast, and what is known of how each of them works: checks, findings, how they stand. Writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts import statements
from labeling import evidence, gold, labelers, pace
from labeling.gold import GoldScore, Hits
from labeling.models import Campaign, Finding
from labeling.pace import Pace, TimeLeft

ACTIVE = timedelta(minutes=15)
"""Who stored a label within so long is active; and who holds a pair whose lease has not run out."""

PACE_OVER = timedelta(hours=1)
"""A pace is worked out from what was stored within so long."""

LOOKED_AT, LOOKED_AT_FOR_LAST = 1000, 200
"""Labels of an hour that are looked at: one every 4 seconds. A labeler's latest labels, of any campaign, among which the last of this one is looked for."""

# By the index on labeler and time, so many rows and no more. OFFSET 0 has the rest asked of one label at a time: else a planner that does not know how late
# `since` is reads all pairs for each labeler. Imported labels have no time of work. Where the page counted no active seconds, those from lease to submit are
# taken. A surplus label took its time, and filled no place. What its labeler reopened is none: the time goes on in the next.
LATELY = """
SELECT enrolment.labeler_id, holds.since, last.at, lately.filled, lately.seconds, lately.median, lately.answers
FROM labeling_enrolment AS enrolment
LEFT JOIN LATERAL (
    SELECT max(assignment.leased_at) AS since FROM labeling_slot AS slot JOIN labeling_assignment AS assignment ON assignment.key = slot.lease
    WHERE slot.labeler_id = enrolment.labeler_id AND slot.campaign_id = enrolment.campaign_id AND slot.closed_at IS NULL AND slot.lease_ends_at > %(at)s
) AS holds ON true
LEFT JOIN LATERAL (
    SELECT label.submitted_at AS at FROM (
        SELECT pair_id, submitted_at FROM labeling_label WHERE labeler_id = enrolment.labeler_id ORDER BY submitted_at DESC LIMIT %(looked_at_for_last)s
    ) AS label
    CROSS JOIN LATERAL (SELECT FROM labeling_pair AS pair WHERE pair.id = label.pair_id AND pair.campaign_id = enrolment.campaign_id OFFSET 0) AS here
    ORDER BY label.submitted_at DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE slot.kind IN ('work', 'escalation')) AS filled, count(*) AS answers,
           sum(coalesce(label.active_seconds, label.seconds)) AS seconds,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY label.active_seconds) AS median
    FROM (
        SELECT * FROM labeling_label
        WHERE labeler_id = enrolment.labeler_id AND submitted_at >= %(since)s AND supersedes_id IS NULL AND source <> 'imported'
        ORDER BY submitted_at DESC LIMIT %(looked_at)s
    ) AS label
    CROSS JOIN LATERAL (SELECT FROM labeling_pair AS pair WHERE pair.id = label.pair_id AND pair.campaign_id = enrolment.campaign_id OFFSET 0) AS here
    LEFT JOIN LATERAL (SELECT slot.kind, slot.labeler_id FROM labeling_slot AS slot WHERE slot.id = label.slot_id OFFSET 0) AS slot ON true
    WHERE label.slot_id IS NULL OR slot.labeler_id IS NOT NULL
) AS lately ON true
WHERE enrolment.campaign_id = %(campaign)s
"""


@dataclass(frozen=True, kw_only=True)
class Lately:
    """What a labeler did in the last hour."""

    is_active: bool
    seen_at: datetime | None
    """Their last label, or when they got the pair they hold. None: not seen, or not for very many labels elsewhere."""
    answers: int
    """Labels of any kind, checks among them."""
    pace: Pace
    median_seconds: float | None
    """Active seconds. None: no page counted any."""


NOT_SEEN = Lately(is_active=False, seen_at=None, answers=0, pace=Pace(0, 0.0), median_seconds=None)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A labeler, what they did lately, and what checks and findings say of their work."""

    labeler: labelers.Labeler
    lately: Lately
    gold: GoldScore
    consistency: Hits
    """How often they said the same of a pair that was shown again with its sides swapped."""
    open_findings: list[str] = field(default_factory=list)
    """Their kinds: those on which nobody has decided."""
    findings: int = 0


def lately(campaign: Campaign, *, at: datetime) -> dict[int, Lately]:
    """Return what each labeler did lately, in one query that looks at no more than they did lately."""
    rows = statements.every(LATELY, campaign=campaign.pk, at=at, since=at - PACE_OVER, looked_at=LOOKED_AT, looked_at_for_last=LOOKED_AT_FOR_LAST)
    return {row[0]: lately_of(*row[1:], now=at) for row in rows}


def lately_of(
    holds_since: datetime | None, last: datetime | None, filled: int, seconds: float | None, median: float | None, answers: int, *, now: datetime
) -> Lately:
    return Lately(
        is_active=holds_since is not None or (last is not None and last >= now - ACTIVE),
        seen_at=max(filter(None, (holds_since, last)), default=None),
        answers=answers,
        pace=Pace(filled, seconds or 0.0),
        median_seconds=median,
    )


def time_left(places: int, found: dict[int, Lately]) -> TimeLeft | None:
    """Return how long it takes to fill so many places if those who are active go on as they do. None: nobody is, or nobody stored anything yet."""
    return pace.time_left(places, [one.pace for one in found.values() if one.is_active])


def workers_of(campaign: Campaign, *, at: datetime) -> list[Worker]:
    """Return the campaign's labelers: first on whom a finding waits, then who is paused, then by name."""
    did, scores, alike = lately(campaign, at=at), evidence.gold_scores(campaign), evidence.self_consistency(campaign)
    findings = Counter(Finding.objects.filter(campaign=campaign).values_list("labeler", flat=True))
    waiting: dict[int, list[str]] = {}
    for labeler, kind in Finding.objects.filter(campaign=campaign).undecided().order_by("pk").values_list("labeler", "kind"):
        waiting.setdefault(labeler, []).append(kind)
    found = [
        Worker(
            labeler=labeler,
            lately=did.get(labeler.pk, NOT_SEEN),
            gold=scores.get(labeler.pk, gold.score([], last=0)),
            consistency=alike.get(labeler.pk, gold.hits_of([])),
            open_findings=waiting.get(labeler.pk, []),
            findings=findings[labeler.pk],
        )
        for labeler in labelers.labelers_of(campaign)
    ]
    return sorted(found, key=lambda worker: (not worker.open_findings, worker.labeler.state != "paused", worker.labeler.name.casefold()))
