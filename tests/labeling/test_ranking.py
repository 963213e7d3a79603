"""The order of the queue, made anew: what each strategy serves, and what happens when it is interrupted or people work meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from threading import Event
from time import sleep
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from accounts import statements
from accounts.models import User
from config.celery import app
from labeling import assigning, campaigning, matchups, ranking, slotting, submitting, tasks
from labeling.models import Assignment, Campaign, Label, Pair, Slot
from policies.models import Policy
from tests.builders import NOW, make_campaign, make_label, make_pair, make_policy, make_slot, make_user
from tests.labeling.moments import at_once, while_uncommitted
from tests.labeling.places import check_places

LATER = NOW + timedelta(minutes=5)
STRATEGIES = ["finish", "spread", "priority", "informative"]


def fill(campaign: Campaign, *pairs: dict[str, Any]) -> list[Pair]:
    """Pairs with places ranked as the campaign is ranked."""
    made = [make_pair(campaign, slots=0, **fields) for fields in pairs]
    slotting.make_slots(made, campaign)
    return made


def change_to(strategy: str, campaign: Campaign) -> Campaign:
    Campaign.objects.filter(pk=campaign.pk).update(strategy=strategy)
    campaign.refresh_from_db()
    return campaign


def rank_by(strategy: str, campaign: Campaign) -> Campaign:
    ranking.rank_anew(change_to(strategy, campaign), at=LATER)
    campaign.refresh_from_db()
    return campaign


def serve(campaign: Campaign, labeler: User) -> Pair | None:
    """Give the labeler the next pair, have them label it, and return it."""
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    return label(assignment) if assignment else None


def label(assignment: Assignment) -> Pair:
    submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)
    return assignment.pair


def served(campaign: Campaign, *labelers: User) -> list[Pair]:
    """Return the pairs in the order in which they are served to labelers who take turns, until nothing is left for all of them."""
    found = []
    while any(turn := [serve(campaign, labeler) for labeler in labelers]):
        found += [pair for pair in turn if pair]
    return found


def ranks_of(campaign: Campaign) -> dict[int, int]:
    return dict(Slot.objects.filter(campaign=campaign).values_list("pk", "rank"))


def label_pairs(campaign: Campaign, labeler: User, policies: tuple[Policy, Policy], labels: int) -> None:
    """So many labels, half for either policy."""
    for number in range(labels):
        make_label(make_pair(campaign, policies=policies, slots=0), labeler, 1 - 2 * (number % 2))


# ---- what each strategy serves -------------------------------------------------------------------------------------


def test_it_works(lena: User, otto: User) -> None:
    campaign = make_campaign(overlap=2, strategy="spread")
    one, two, three = fill(campaign, {}, {}, {})
    assert ranking.rank_anew(change_to("finish", campaign), at=LATER) == 6
    campaign.refresh_from_db()
    assert (campaign.ranked_as, campaign.ranked_at, campaign.rank_epoch) == ("finish", LATER, 1)
    assert set(Slot.objects.values_list("ranked_by", flat=True)) == {"finish"}
    assert served(campaign, lena, otto) == [one, one, two, two, three, three]


def test_spread_serves_every_pair_once_before_any_twice(lena: User, otto: User) -> None:
    campaign = make_campaign(overlap=2)
    pairs = fill(campaign, {}, {}, {})
    assert served(rank_by("spread", campaign), lena, otto) == [*pairs, *pairs]


def test_spread_counts_the_labels_a_pair_has(lena: User, otto: User) -> None:
    """A pair that has its first label stands with the others' second places."""
    campaign = make_campaign(overlap=2)
    one, two, three = fill(campaign, {}, {}, {})
    assert serve(campaign, lena) == one
    assert served(rank_by("spread", campaign), otto) == [two, three, one]


def test_a_higher_priority_comes_first_and_is_finished_first(lena: User, otto: User) -> None:
    campaign = make_campaign(overlap=2)
    low, high, usual, also_high = fill(campaign, {"priority": 0}, {"priority": 100}, {}, {"priority": 100})
    assert served(rank_by("priority", campaign), lena, otto) == [high, high, also_high, also_high, usual, usual, low, low]


def test_the_least_certain_matchup_comes_first(campaign: Campaign, lena: User, otto: User) -> None:
    base, tuned, large = (make_policy(name) for name in ("base", "tuned", "large"))
    label_pairs(campaign, make_user(), (base, tuned), 30)
    known, less_known, itself, unknown = fill(
        campaign, {"policies": (base, tuned)}, {"policies": (large, base)}, {"policies": (base, base)}, {"policies": (tuned, large)}
    )
    label_pairs(campaign, make_user(), (base, large), 4)
    assert served(rank_by("informative", campaign), lena, otto) == [unknown, unknown, less_known, less_known, known, known, itself, itself]
    assert campaign.labels_when_ranked == 34


def test_labels_make_the_other_matchup_the_least_certain(campaign: Campaign, lena: User, otto: User) -> None:
    base, tuned, large = (make_policy(name) for name in ("base", "tuned", "large"))
    tuned_pair, large_pair = fill(campaign, {"policies": (base, tuned)}, {"policies": (base, large)})
    label_pairs(campaign, make_user(), (base, tuned), 2)
    assert serve(rank_by("informative", campaign), lena) == large_pair
    label_pairs(campaign, make_user(), (base, large), 20)
    ranking.rank_due(at=LATER)
    campaign.refresh_from_db()
    assert (campaign.rank_epoch, campaign.labels_when_ranked) == (2, 23)
    assert serve(campaign, otto) == tuned_pair


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_a_label_there_is_an_order_all_the_same(campaign: Campaign, strategy: str) -> None:
    policies = [make_policy() for _ in range(3)]
    fill(
        campaign,
        *[{"policies": both, "priority": priority} for both, priority in zip(itertools.permutations(policies, 2), (9, 50, 9, 100, 0, 50), strict=True)],
    )
    rank_by(strategy, campaign)
    assert len(set(ranks_of(campaign).values())) == 12
    assert min(ranks_of(campaign).values()) >= 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_places_made_by_a_strategy_are_where_a_ranking_would_put_them(campaign: Campaign, strategy: str) -> None:
    rank_by(strategy, campaign)
    fill(campaign, {}, {"priority": 80}, {"priority": 20})
    before = ranks_of(campaign)
    assert ranking.rank_anew(campaign, at=LATER) == 0
    assert ranks_of(campaign) == before


def test_what_is_reserved_held_closed_or_a_check_keeps_its_rank(campaign: Campaign, lena: User, otto: User) -> None:
    pairs = fill(campaign, {}, {})
    assigning.next_for(campaign, lena, at=NOW)
    make_slot(pairs[1], closed_at=NOW)
    make_slot(pairs[1], reserved_for=otto, rank=3)
    make_slot(pairs[0], kind="repeat", reserved_for=otto, rank=7)
    waiting = set(matchups.waiting(campaign).values_list("pk", flat=True))
    before = ranks_of(campaign)
    rank_by("spread", campaign)
    changed = {pk for pk, rank in ranks_of(campaign).items() if rank != before[pk]}
    assert changed <= waiting
    assert set(Slot.objects.filter(ranked_by="spread").values_list("pk", flat=True)) == waiting


def test_what_was_freed_leaves_the_head_for_its_place(campaign: Campaign, lena: User, otto: User) -> None:
    one, two, high = fill(campaign, {}, {}, {"priority": 90})
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    assigning.return_expired(at=NOW + timedelta(hours=1))
    assert Slot.objects.filter(rank__lt=0).count() == 1
    assert served(rank_by("priority", campaign), otto) == [high, one, two]
    assert not Slot.objects.filter(rank__lt=0).exists()


def test_a_pair_with_more_places_than_a_block_holds_is_ranked_at_its_end(campaign: Campaign) -> None:
    one, two = fill(campaign, {}, {})
    for _ in range(70):
        make_slot(one)
    rank_by("finish", campaign)
    assert max(one.slots.values_list("rank", flat=True)) < min(two.slots.values_list("rank", flat=True))


def test_escalations_are_ranked_with_work(campaign: Campaign, lena: User, otto: User) -> None:
    one, two = fill(campaign, {}, {})
    Slot.objects.filter(pair=two).delete()
    make_slot(two, kind="escalation", rank=-5)
    assert served(rank_by("finish", campaign), lena) == [one, two]


# ---- labelers start over -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_who_was_half_through_starts_over_and_gets_no_pair_twice(lena: User, otto: User, strategy: str) -> None:
    campaign = make_campaign(overlap=2)
    pairs = fill(campaign, *[{"priority": priority} for priority in (70, 50, 90, 30, 80)])
    before = [serve(campaign, lena) for _ in range(3)]
    rank_by(strategy, campaign)
    after = served(campaign, lena)
    assert Counter([*before, *after]) == Counter(pairs)
    if strategy == "priority":
        assert after == [pairs[4], pairs[3]]
    assert len(served(campaign, otto)) == 5
    check_places(campaign)


def test_what_now_lies_behind_the_cursor_is_served_next(lena: User) -> None:
    campaign = make_campaign(overlap=1)
    pairs = fill(campaign, {"priority": 60}, {"priority": 10}, {"priority": 100}, {"priority": 20})
    rank_by("priority", campaign)
    assert [serve(campaign, lena), serve(campaign, lena)] == [pairs[2], pairs[0]]
    rank_by("finish", campaign)
    assert served(campaign, lena) == [pairs[1], pairs[3]]


def test_a_ranking_that_finds_nothing_wrong_lets_everybody_go_on(campaign: Campaign, lena: User) -> None:
    fill(campaign, {}, {})
    rank_by("spread", campaign)
    assert campaign.rank_epoch == 1
    assert ranking.rank_anew(campaign, at=LATER + timedelta(hours=1)) == 0
    campaign.refresh_from_db()
    assert (campaign.rank_epoch, campaign.ranked_at) == (1, LATER + timedelta(hours=1))


# ---- when it is due ------------------------------------------------------------------------------------------------


def is_due(campaign: Campaign) -> bool:
    """Whether the sweep ranks it."""
    return ranking.rank_due(at=LATER) == 1


def test_a_campaign_is_ranked_once_and_when_its_strategy_changes(campaign: Campaign) -> None:
    fill(campaign, {}, {})
    assert [is_due(campaign), is_due(campaign)] == [True, False]
    change_to("priority", campaign)
    assert [is_due(campaign), is_due(campaign)] == [True, False]


@pytest.mark.parametrize(("state", "expected"), [("draft", True), ("open", True), ("paused", True), ("closed", False), ("archived", False)])
def test_what_is_closed_is_not_ranked(db: None, state: str, expected: bool) -> None:
    assert is_due(change_to("spread", make_campaign(state=state))) == expected


@pytest.mark.parametrize(("before", "new", "expected"), [(0, 19, False), (0, 20, True), (30, 19, False), (30, 20, True)])
def test_what_is_least_certain_is_asked_again_after_twenty_labels(campaign: Campaign, before: int, new: int, expected: bool) -> None:
    both = (make_policy(), make_policy())
    label_pairs(campaign, make_user(), both, before)
    rank_by("informative", campaign)
    label_pairs(campaign, make_user(), both, new)
    assert is_due(campaign) == expected


@pytest.mark.parametrize(("new", "expected"), [(24, False), (25, True), (-24, False), (-25, True)])
def test_or_after_five_in_a_hundred_come_or_gone(campaign: Campaign, monkeypatch: pytest.MonkeyPatch, new: int, expected: bool) -> None:
    rank_by("informative", campaign)
    Campaign.objects.update(labels_when_ranked=500)
    monkeypatch.setattr(ranking, "labels_of", lambda campaign: 500 + new)
    assert is_due(campaign) == expected


def test_labels_change_no_other_order(campaign: Campaign) -> None:
    rank_by("priority", campaign)
    label_pairs(campaign, make_user(), (make_policy(), make_policy()), 40)
    assert not is_due(campaign)


def test_the_clock_rings_for_it(campaign: Campaign) -> None:
    fill(campaign, {})
    change_to("spread", campaign)
    tasks.rank()
    campaign.refresh_from_db()
    assert campaign.ranked_as == "spread"
    assert app.conf.beat_schedule["rank"]["task"] == tasks.rank.name
    assert app.conf.beat_schedule["rank"]["schedule"] == 15


# ---- interrupted ---------------------------------------------------------------------------------------------------


class Killed(Exception):
    """A worker died here."""


def die_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the ranking die when it comes to write once more than this, or to conclude, if it comes to that first."""
    write, written = ranking.write, itertools.count()

    def write_or_die(*args: Any) -> int:
        if next(written) >= writes:
            raise Killed
        return write(*args)

    def die(*args: Any, **kwargs: Any) -> bool:
        raise Killed

    monkeypatch.setattr(ranking, "write", write_or_die)
    monkeypatch.setattr(ranking, "conclude", die)


@pytest.mark.parametrize("chunks", range(5))
@pytest.mark.parametrize("strategy", ["spread", "informative"])
def test_a_ranking_that_died_at_any_chunk_is_done_again(campaign: Campaign, lena: User, monkeypatch: pytest.MonkeyPatch, chunks: int, strategy: str) -> None:
    base, tuned, large = (make_policy() for _ in range(3))
    pairs = fill(campaign, *[{"policies": (base, policy)} for policy in (tuned, large, tuned, large)])
    rank_by("informative", campaign)
    label_pairs(campaign, make_user(), (base, tuned), 20)
    change_to(strategy, campaign)
    with monkeypatch.context() as dying:
        dying.setattr(ranking, "CHUNK", 2)
        die_after(chunks, dying)
        with pytest.raises(Killed):
            ranking.rank_anew(campaign, at=LATER)
    died_in = Campaign.objects.get(pk=campaign.pk)
    assert (died_in.rank_epoch, died_in.ranked_as) == (1, "informative")
    serve(died_in, lena)
    assert is_due(campaign)
    campaign.refresh_from_db()
    assert (campaign.rank_epoch, campaign.ranked_as, campaign.ranked_at) == (2, strategy, LATER)
    ordered = list(Slot.objects.filter(pair__in=pairs).order_by("rank").free().values_list("pair", flat=True))
    places = Counter({pair.pk: 2 for pair in pairs}) - Counter(Label.objects.filter(labeler=lena).values_list("pair", flat=True))
    assert ordered == expected_order(strategy, [pair.pk for pair in pairs], places)


def expected_order(strategy: str, pairs: Sequence[int], places: Counter[int]) -> list[int]:
    """Spread: pairs with both places, then a second round of all. Informative: `large`, which has no labels, each pair finished."""
    if strategy == "spread":
        return [*[pair for pair in pairs if places[pair] == 2], *pairs]
    return [pair for pair in (pairs[1], pairs[3], pairs[0], pairs[2]) for _ in range(places[pair])]


@pytest.fixture
def elsewhere(committed_db: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another process."""
    entry = connection.settings_dict
    place = {"host": entry["HOST"], "port": entry["PORT"] or None, "user": entry["USER"], "password": entry["PASSWORD"], "dbname": committed_db}
    with psycopg.connect(**place, autocommit=True) as other:
        yield other


@pytest.mark.commits
def test_two_never_rank_one_campaign_together(elsewhere: psycopg.Connection[Any]) -> None:
    campaign = make_campaign()
    fill(campaign, {}, {})
    change_to("spread", campaign)
    lock = [ranking.RANKING, campaign.pk]
    assert elsewhere.execute("SELECT pg_try_advisory_lock(%s, %s)", lock).fetchone() == (True,)
    assert ranking.rank_anew(campaign, at=LATER) is None
    assert not is_due(campaign)
    elsewhere.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
    assert ranking.rank_anew(campaign, at=LATER) == 4


@pytest.mark.commits
@pytest.mark.parametrize("dies", [False, True])
def test_another_worker_can_rank_it_when_this_one_is_through_or_dead(elsewhere: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, dies: bool) -> None:
    campaign = make_campaign()
    fill(campaign, {}, {})
    change_to("spread", campaign)

    def die(*args: Any) -> int:
        (process,) = statements.one("SELECT pg_backend_pid()") or (0,)
        elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        raise Killed

    with monkeypatch.context() as dying:
        if dies:
            dying.setattr(ranking, "write", die)
        with contextlib.suppress(Killed, OperationalError):
            ranking.rank_anew(campaign, at=LATER)
    connection.close()
    assert elsewhere.execute("SELECT pg_try_advisory_lock(%s, %s)", [ranking.RANKING, campaign.pk]).fetchone() == (True,)


# ---- while people work ---------------------------------------------------------------------------------------------


def test_places_made_meanwhile_by_the_ranking_that_was_are_ranked_too(campaign: Campaign, lena: User, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(campaign, {}, {})
    as_it_was = Campaign.objects.get(pk=campaign.pk)
    write, late = ranking.write, iter([{"priority": 100}, {"priority": 90}])

    def write_while_pairs_come(*args: Any) -> int:
        if fields := next(late, None):
            fill(as_it_was, fields)
        return write(*args)

    monkeypatch.setattr(ranking, "write", write_while_pairs_come)
    rank_by("priority", campaign)
    assert set(Slot.objects.values_list("ranked_by", flat=True)) == {"priority"}
    assert [pair.priority for pair in served(campaign, lena)] == [100, 90, 50, 50]


def test_a_strategy_changed_meanwhile_is_ranked_next(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(campaign, {}, {})
    conclude = ranking.conclude

    def conclude_late(*args: Any, **kwargs: Any) -> bool:
        change_to("priority", campaign)
        return conclude(*args, **kwargs)

    with monkeypatch.context() as late:
        late.setattr(ranking, "conclude", conclude_late)
        ranking.rank_anew(change_to("spread", campaign), at=LATER)
    campaign.refresh_from_db()
    assert (campaign.strategy, campaign.ranked_as) == ("priority", "spread")
    assert [is_due(campaign), is_due(campaign)] == [True, False]


@pytest.fixture
def labelers(committed_db: str) -> list[User]:
    return [make_user(f"labeler{number}") for number in range(4)]


def rank_on(campaign: Campaign, is_over: Event) -> int:
    """Rank the campaign by one strategy after the other until it is over. Returns how often."""
    for times, strategy in enumerate(itertools.cycle(STRATEGIES)):
        if is_over.is_set():
            return times
        rank_by(strategy, Campaign.objects.get(pk=campaign.pk))
    raise AssertionError("a cycle never ends")


@pytest.mark.commits
def test_people_label_everything_while_it_is_ranked_over_and_over(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """As many places a pair as labelers: whoever were told too early that nothing is left would leave a place empty."""
    monkeypatch.setattr(ranking, "CHUNK", 7)
    campaign = make_campaign(overlap=len(labelers), labelers=tuple(labelers))
    policies = [make_policy() for _ in range(3)]
    fill(campaign, *[{"policies": both, "priority": 10 * number} for number, both in enumerate(list(itertools.permutations(policies, 2)) * 4) if number <= 10])
    is_over = Event()

    def everybody() -> list[int]:
        try:
            return at_once(*[partial(label_what_comes, campaign, labeler) for labeler in labelers])
        finally:
            is_over.set()

    sent, times = at_once(everybody, partial(rank_on, campaign, is_over))
    assert sent == [11] * len(labelers)
    assert times > 0
    assert Label.objects.counting().count() == 44
    check_places(campaign)


def label_what_comes(campaign: Campaign, labeler: User) -> int:
    """Label until nothing is left, with the campaign as each request reads it. Returns how many."""
    sent = 0
    while serve(fresh(campaign), labeler):
        sent += 1
    return sent


def fresh(campaign: Campaign) -> Campaign:
    """As a request reads it."""
    return Campaign.objects.get(pk=campaign.pk)


@pytest.mark.commits
def test_a_place_that_is_being_leased_is_left_to_its_labeler(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1)
    fill(campaign, *[{}] * 4)
    change_to("spread", campaign)
    leased, _ = while_uncommitted(partial(assigning.next_for, campaign, labelers[0], at=NOW), partial(ranking.rank_anew, campaign, at=LATER))
    place = Slot.objects.get(lease=leased.key)
    assert (place.labeler, place.ranked_by) == (labelers[0], "finish")
    assert Slot.objects.free().filter(ranked_by="spread").count() == 3
    assert fresh(campaign).ranked_as == "spread"


@pytest.mark.commits
@pytest.mark.parametrize("strategy", ["finish", "spread"])
def test_a_place_whose_lease_comes_to_nothing_is_ranked_after_all(labelers: list[User], strategy: str) -> None:
    """Also where the strategy stays, and only the ranks are others."""
    campaign = make_campaign(overlap=1)
    fill(campaign, *[{}] * 4)
    Slot.objects.update(rank=F("rank") + 1000)
    change_to(strategy, campaign)

    is_locked = Event()

    def lease_in_vain() -> None:
        with transaction.atomic():
            assert assigning.next_for(campaign, labelers[0], at=NOW)
            is_locked.set()
            sleep(0.3)
            transaction.set_rollback(True)

    def rank() -> int | None:
        assert is_locked.wait(20)
        return ranking.rank_anew(campaign, at=LATER)

    assert at_once(lease_in_vain, rank) == [None, 4]
    assert (fresh(campaign).ranked_as, ranking.rank_anew(campaign, at=LATER)) == (strategy, 0)


@pytest.mark.commits
def test_who_locks_places_the_other_way_round_waits_for_the_ranking_in_no_ring(labelers: list[User]) -> None:
    """The last place, then the first, in one transaction, as when k is lowered."""
    campaign = make_campaign(overlap=1)
    first, *_, last = [pair.slots.get() for pair in fill(campaign, *[{}] * 4)]
    change_to("spread", campaign)
    has_last = Event()

    def close_backwards() -> int:
        with transaction.atomic():
            closed = Slot.objects.filter(pk=last.pk).update(closed_at=NOW)
            has_last.set()
            sleep(0.3)
            return closed + Slot.objects.filter(pk=first.pk).update(closed_at=NOW)

    def rank() -> int | None:
        assert has_last.wait(20)
        return ranking.rank_anew(campaign, at=LATER)

    assert at_once(close_backwards, rank) == [2, 3]
    assert Slot.objects.free().filter(ranked_by="spread").count() == 2


@pytest.mark.commits
def test_changing_k_and_ranking_do_not_wait_for_each_other_in_a_ring(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "CHUNK", 3)
    campaign = make_campaign(overlap=3)
    fill(campaign, *[{}] * 12)

    def change_k() -> list[int]:
        return [campaigning.change_overlap(campaign=campaign, overlap=k, actor=None, at=NOW).overlap for k in (1, 4, 2, 3) * 3]

    def rank() -> list[int]:
        return [rank_by(strategy, fresh(campaign)).rank_epoch for strategy in STRATEGIES * 3]

    ks, epochs = at_once(change_k, rank)
    assert ks == [1, 4, 2, 3] * 3
    assert epochs == sorted(epochs)
    check_places(campaign)
