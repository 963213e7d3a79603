"""Which policies a campaign compares, what labels have said of them so far, and which comparison is least certain. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from django.db import connection
from django.db.models import Count, Q, QuerySet

from labeling import bradley_terry
from labeling.bradley_terry import Difference, Strengths
from labeling.models import Campaign, Label, Pair, Slot, Standing, Verdict
from labeling.ranks import levels
from policies.models import Policy

Policies = tuple[int, int]
"""Primary keys of two policies, the lower first; one twice where a policy is compared with itself."""

# A pair weighs one however many labels it has.
TALLIES = """
SELECT a.policy_id, b.policy_id, sum(said.n)::bigint, sum(said.a / said.n::float), sum(said.b / said.n::float), sum(said.tie / said.n::float)
FROM ({said}) AS said (pair_id, n, a, b, tie)
JOIN labeling_pair AS pair ON pair.id = said.pair_id
JOIN policies_response AS a ON a.id = pair.response_a_id
JOIN policies_response AS b ON b.id = pair.response_b_id
GROUP BY 1, 2
"""


@dataclass
class Tally:
    """What labels said of two policies, the first and the second of the key. Wins and ties are in pairs: labels of one pair share its weight."""

    labels: int = 0
    wins: list[float] = field(default_factory=lambda: [0.0, 0.0])
    ties: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Matchup:
    """Two policies, or one twice, as a campaign compares them."""

    policies: Policies
    policy_a: str
    """Name of the first: the one that was registered earlier. Which side of a pair it is on varies, and does not matter here."""
    policy_b: str
    pairs: int
    """Pairs that are asked about: without gold items, and without what was taken out."""
    waiting: int
    """Places of the general queue that nobody has taken."""
    labels: int
    """Labels that count."""
    difference: Difference | None
    """By how much the first is stronger. None: it is one policy twice, so there is nothing to find out."""
    level: int
    """Place by the width of the win probability's interval: the strategy `informative` serves level 0, the widest, first."""


def matchups_of(campaign: Campaign) -> list[Matchup]:
    """Return the matchups of a campaign, the least certain first, in four queries.

    Labels of one pair hang together, so each pair weighs one, shared among its labels: intervals are then rather too wide than too narrow. Policies
    that never met are compared through those that both have met.
    """
    pairs, free, said = pairs_by_policies(campaign), waiting_by_policies(campaign), tallies_of(campaign)
    names = dict(Policy.objects.filter(pk__in={policy for both in {*pairs, *free, *said} for policy in both}).values_list("pk", "name"))
    differences = differences_of({*pairs, *free, *said}, said)
    level = levels({both: difference.uncertainty if difference else 0.0 for both, difference in differences.items()})
    found = [
        Matchup(
            policies=both,
            policy_a=names[both[0]],
            policy_b=names[both[1]],
            pairs=pairs[both],
            waiting=free[both],
            labels=said[both].labels if both in said else 0,
            difference=difference,
            level=level[both],
        )
        for both, difference in differences.items()
    ]
    return sorted(found, key=lambda matchup: (matchup.level, matchup.policy_a, matchup.policy_b))


def differences_of(matchups: Iterable[Policies], said: dict[Policies, Tally]) -> dict[Policies, Difference | None]:
    """Return by how much the first policy of each matchup is stronger, by one fit of all of them."""
    matchups = list(matchups)
    place = {policy: number for number, policy in enumerate(sorted({policy for both in matchups for policy in both}))}
    strengths = strengths_of(said, place)
    return {(a, b): strengths.difference(place[a], place[b]) if a != b else None for a, b in matchups}


def strengths_of(said: dict[Policies, Tally], place: dict[int, int]) -> Strengths:
    wins, ties = np.zeros((2, len(place), len(place)))
    for (a, b), tally in said.items():
        i, j = place[a], place[b]
        wins[i, j], wins[j, i] = tally.wins
        ties[i, j] = tally.ties
    return bradley_terry.fit(wins, ties)


def tallies_of(campaign: Campaign) -> dict[Policies, Tally]:
    """Return what the labels that count say of each matchup that has some. Summed by the database: there may be a million pairs."""
    found: dict[Policies, Tally] = {}
    for a, b, labels, a_wins, b_wins, ties in said_of(campaign):
        tally = found.setdefault((min(a, b), max(a, b)), Tally())
        tally.labels += labels
        for policy, wins in ((a, a_wins), (b, b_wins)):
            tally.wins[policy != min(a, b)] += wins
        tally.ties += ties
    return found


def said_of(campaign: Campaign) -> list[tuple[int, int, int, float, float, float]]:
    """Return, by policy of A and of B: the labels that count, and the pairs won by A, won by B, and tied."""
    by_verdict = {verdict.value: Count("pk", filter=Q(verdict=verdict)) for verdict in Verdict}
    said = Label.objects.counting().filter(pair__campaign=campaign).order_by().values("pair").annotate(n=Count("pk"), **by_verdict)
    sql, params = said.values_list("pair", "n", *by_verdict).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(TALLIES.format(said=sql), params)
        rows: list[tuple[int, int, int, float, float, float]] = cursor.fetchall()
    return rows


def pairs_by_policies(campaign: Campaign) -> Counter[Policies]:
    """Return how many pairs of each matchup are asked about."""
    pairs = Pair.objects.filter(campaign=campaign, gold_items=None).exclude(standing=Standing.WITHDRAWN)
    return added_up(pairs.values_list("response_a__policy", "response_b__policy").annotate(Count("pk")).order_by())


def waiting_by_policies(campaign: Campaign) -> Counter[Policies]:
    """Return how many places of each matchup wait in the general queue."""
    return added_up(waiting(campaign).values_list("pair__response_a__policy", "pair__response_b__policy").annotate(Count("pk")).order_by())


def waiting(campaign: Campaign) -> QuerySet[Slot]:
    """Return the places of the general queue that nobody has taken."""
    return Slot.objects.free().counting().filter(campaign=campaign, reserved_for=None)


def added_up(counts: Iterable[tuple[int, int, int]]) -> Counter[Policies]:
    """Return counts by policy of A and of B as counts by matchup, whichever side is which."""
    found: Counter[Policies] = Counter()
    for a, b, number in counts:
        found[min(a, b), max(a, b)] += number
    return found
