"""From labels and adjudications to `Pair.standing`: the one writer of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Prefetch, prefetch_related_objects

from accounts import statements
from labeling import resolution
from labeling.models import COUNTING, Adjudication, Adjustment, Label, Pair, Slot, Standing
from labeling.resolution import Resolution, Said

# The open places, the labels that count and the ruling of one pair. `ledgers` reads the same of many by `counting()`, `open()` and
# `current()`, and `check_standings` so holds one against the other.
SAID = """
SELECT 'open', NULL, NULL FROM labeling_slot
WHERE pair_id = %(pair)s AND rubric_version_id = %(rubric_version)s AND kind IN ('work', 'escalation') AND closed_at IS NULL
UNION ALL
SELECT 'label', label.verdict, label.preference FROM labeling_label AS label JOIN labeling_slot AS slot ON slot.id = label.slot_id
WHERE label.pair_id = %(pair)s AND label.rubric_version_id = %(rubric_version)s AND NOT label.is_retraction AND slot.kind IN ('work', 'escalation')
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
UNION ALL
SELECT 'ruling', verdict, preference FROM labeling_adjudication AS ruling
WHERE pair_id = %(pair)s AND NOT is_surplus AND NOT EXISTS (SELECT FROM labeling_adjudication AS later WHERE later.supersedes_id = ruling.id)
UNION ALL
SELECT 'rule', rule, NULL FROM labeling_campaign WHERE id = %(campaign)s
"""
# A pair that stands as withdrawn knows since when, and no other does: the two are written together, as the database demands.
WRITE = """
UPDATE labeling_pair SET
    standing = %(standing)s, verdict = %(verdict)s, margin = %(margin)s, settled_at = %(settled_at)s, settled_by = %(settled_by)s,
    withdrawn_at = CASE WHEN %(is_out)s THEN coalesce(withdrawn_at, %(at)s) END
WHERE id = ANY(%(pairs)s)
"""


Settled = tuple[Resolution, str]
"""A resolution, and the rule that settled the pair; empty where nothing has."""


@dataclass(frozen=True)
class Difference:
    """A pair whose stored standing is not what its rows say."""

    pair_id: int
    stored: Settled
    derived: Settled


def settle(pair: Pair, *, at: datetime) -> Pair:
    """Derive the pair's standing and store it where it changed.

    Called in the transaction that adds the label or the adjudication, with the pair locked (`Pair.objects.lock`). Whoever withdraws it, or brings it back, says
    so in `pair.withdrawn_at`, which is stored with the standing.
    """
    derived, rule = derive(pair)
    if (derived, rule) != stored(pair):
        write([pair], derived, rule, at=at)
    return pair


def settle_all(pairs: Sequence[Pair], *, at: datetime) -> int:
    """Settle many pairs, all locked by the caller, in few queries: one for each standing that comes out. Returns how many now stand otherwise."""
    prefetch_related_objects(pairs, *ledgers())
    changed: dict[Settled, list[Pair]] = defaultdict(list)
    for pair in pairs:
        settled = derive_from_prefetched(pair)
        if settled != stored(pair):
            changed[settled].append(pair)
    for (derived, rule), alike in changed.items():
        write(alike, derived, rule, at=at)
    return sum(map(len, changed.values()))


def write(pairs: Sequence[Pair], derived: Resolution, rule: str, *, at: datetime) -> None:
    """Write one standing into these pairs and into their rows, with the rule that settled them."""
    columns = asdict(derived) | {"settled_at": at if rule else None, "settled_by": rule}
    statements.run(WRITE, pairs=[pair.pk for pair in pairs], at=at, is_out=derived.standing == Standing.WITHDRAWN, **columns)
    for pair in pairs:
        vars(pair).update(columns)


def stored(pair: Pair) -> Settled:
    return Resolution(pair.standing, pair.verdict, pair.margin), pair.settled_by


def derive(pair: Pair) -> Settled:
    """Read what was said of a pair and apply its campaign's rule."""
    said: dict[str, list[Said]] = {"open": [], "label": [], "ruling": [], "rule": []}
    for what, verdict, preference in statements.every(SAID, pair=pair.pk, rubric_version=pair.rubric_version_id, campaign=pair.campaign_id):
        said[what].append(Said(verdict, preference))
    return resolve(
        labels=said["label"],
        places_open=len(said["open"]),
        adjudication=said["ruling"][0] if said["ruling"] else None,
        withdrawn=pair.withdrawn_at is not None,
        rule=said["rule"][0].verdict or "",
    )


def resolve(*, rule: str, **said: Any) -> Settled:
    """Apply a rule, and say that it settled the pair where it did."""
    derived = resolution.resolve(rule=rule, **said)
    return derived, rule if derived.standing in (Standing.AGREED, Standing.ADJUDICATED) else ""


def ledgers() -> tuple[Prefetch[Any] | str, ...]:
    """What `derive_from_prefetched` reads of each pair."""
    return (
        "campaign",
        Prefetch("labels", Label.objects.counting().order_by("id"), to_attr="labels_that_count"),
        Prefetch("adjudications", Adjudication.objects.current(), to_attr="rulings"),
        Prefetch("slots", Slot.objects.open().filter(kind__in=COUNTING, rubric_version=F("pair__rubric_version")), to_attr="places_open"),
    )


def differences(*, chunk: int = 2000) -> Iterator[Difference]:
    """Derive every standing again, in a bounded number of queries a chunk, and yield those that are stored otherwise.

    People may label meanwhile. A pair to which another rule is still on its way stands by the one before, and is no difference.
    """
    for pair in Pair.objects.order_by("id").prefetch_related(*ledgers()).iterator(chunk_size=chunk):
        if derive_from_prefetched(pair) != stored(pair) and (difference := difference_of(pair.pk)):
            yield difference


@transaction.atomic
def difference_of(pair_id: int) -> Difference | None:
    """Derive one standing with its pair locked: where many are read, a label may come in between a pair and its ledgers."""
    pair = Pair.objects.lock(pair_id)
    prefetch_related_objects([pair], *ledgers())
    derived = derive_from_prefetched(pair)
    if derived == stored(pair) or is_on_its_way(pair):
        return None
    return Difference(pair.pk, stored(pair), derived)


def is_on_its_way(pair: Pair) -> bool:
    """Say whether another rule is being carried out at the campaign's pairs, and has not come to this one."""
    return Adjustment.objects.filter(campaign=pair.campaign_id, ended_at=None, scope__contains=["rule"], reached__lt=pair.pk).exists()


def derive_from_prefetched(pair: Pair) -> Settled:
    labels: list[Label] = pair.labels_that_count  # type: ignore[attr-defined]
    rulings: list[Adjudication] = pair.rulings  # type: ignore[attr-defined]
    return resolve(
        labels=[Said(label.verdict, label.preference) for label in labels],
        places_open=len(pair.places_open),  # type: ignore[attr-defined]
        adjudication=Said(rulings[0].verdict, rulings[0].preference) if rulings else None,
        withdrawn=pair.withdrawn_at is not None,
        rule=pair.campaign.rule,
    )
