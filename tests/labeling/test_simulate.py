"""Synthetic labelers fill a campaign, the way people would."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from labeling import evidence, progress, settling, simulation
from labeling.models import Campaign, Label, Pair, Role
from labeling.models.label import verdict_of
from labeling.tastes import PLANTS, Sight, judge
from tests.builders import make_campaign, make_pair, make_user


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Open, k = 3, twelve pairs."""
    campaign = make_campaign("busy", overlap=3)
    for number in range(12):
        make_pair(campaign, a=f"Answer {number}.", b=f"Another answer, somewhat longer, {number}.")
    return campaign


def simulate(*, labelers: int = 5, seed: int = 4, labels: int | None = None, plants: str = "") -> None:
    call_command("simulate_labelers", "busy", labelers=labelers, seed=seed, labels=labels, plant=plants)


def judgments() -> list[tuple[int, str, int | None]]:
    return sorted(Label.objects.values_list("pair", "labeler__username", "preference"))


def test_it_works(campaign: Campaign, capsys: pytest.CaptureFixture[str]) -> None:
    simulate()
    assert Counter(Label.objects.counting().values_list("pair", flat=True)) == {pair.pk: 3 for pair in Pair.objects.all()}
    assert "5 synthetic labelers stored 36 labels in busy." in capsys.readouterr().out
    assert list(settling.differences()) == []


def test_their_accounts_and_labels_are_marked(campaign: Campaign) -> None:
    simulate(labelers=3)
    users = User.objects.filter(kind=User.Kind.SYNTHETIC)
    assert sorted(user.username for user in users) == ["synthetic-4-1", "synthetic-4-2", "synthetic-4-3"]
    assert not any(user.has_usable_password() for user in users)
    assert {label.source for label in Label.objects.all()} == {Label.Source.SYNTHETIC}
    assert progress.progress_of(campaign).synthetic == 36
    assert campaign.memberships.filter(role=Role.LABELER).count() == 3


def test_nobody_labels_a_pair_twice(campaign: Campaign) -> None:
    simulate(labelers=2)
    assert Label.objects.count() == 24
    assert len({(pair, name) for pair, name, _ in judgments()}) == 24


def test_a_second_run_goes_on_where_the_first_stopped(campaign: Campaign) -> None:
    simulate(labels=7)
    assert Label.objects.count() == 7
    simulate()
    assert Label.objects.count() == 36
    assert User.objects.filter(kind=User.Kind.SYNTHETIC).count() == 5


def test_they_agree_better_than_chance_and_not_always(campaign: Campaign) -> None:
    for number in range(60):
        make_pair(campaign, a=f"A text {number}", b=f"B text {number}")
    simulate()
    figure = progress.named(progress.agreement_of(campaign).figures)["raw_without_ties"]
    assert figure.value is not None
    assert 0.55 < figure.value < 0.95


def test_they_say_the_same_of_most_pairs_that_they_see_again(campaign: Campaign) -> None:
    Campaign.objects.update(repeat_percent=20, overlap=1)
    for number in range(60):
        make_pair(campaign, a=f"A text {number}", b=f"B text {number}", slots=1)
    simulate(labelers=1)
    alike = evidence.self_consistency(campaign)[User.objects.get().pk]
    assert alike.n >= 5
    assert 0.5 <= (alike.share or 0) <= 1


def test_their_times_grow_with_the_words_and_fit_into_the_lease(campaign: Campaign) -> None:
    make_pair(campaign, a="many words " * 200, b="more words " * 300)
    simulate(labelers=3)
    labels = list(Label.objects.select_related("pair__response_a"))
    assert all(label.active_seconds is not None and label.seconds is not None and 0 < label.active_seconds <= label.seconds for label in labels)
    long = [label for label in labels if len(label.pair.response_a.text) > 1000]
    assert min(label.seconds or 0 for label in long) > 0
    assert max(label.active_seconds or 0 for label in labels if label not in long) <= min(label.active_seconds or 0 for label in long)


def test_they_know_gold_when_they_see_it_and_clickers_do_not() -> None:
    right = {"honest": 0, "clicker": 0}
    for number in range(300):
        sight = Sight(f"a{number}", f"b{number}", number % 2 == 0, "a" if number % 3 else "b")
        for plant in right:
            right[plant] += verdict_of(judge(PLANTS[plant], sight, seed=1, labeler=2).preference) == sight.known
    assert right["honest"] >= 285
    assert 90 <= right["clicker"] <= 170


@pytest.mark.parametrize("plants", ["left-leaner,speeder", " left-leaner , speeder,"])
def test_the_first_labelers_are_what_was_planted(campaign: Campaign, plants: str) -> None:
    for number in range(40):
        make_pair(campaign, a=f"A text {number}", b=f"B text {number}")
    simulate(labelers=4, plants=plants)
    left = dict.fromkeys(("synthetic-4-1", "synthetic-4-3", "synthetic-4-4"), 0.0)
    for figures in progress.labelers_of(campaign):
        if figures.labeler in left:
            left[figures.labeler] = figures.left.value or 0
    assert left["synthetic-4-1"] == max(left.values())
    assert left["synthetic-4-1"] > 0.6


def test_a_plant_that_is_not_known_is_refused(campaign: Campaign) -> None:
    with pytest.raises(CommandError, match="There is no labeler like 'sloth'. There are: left-leaner, "):
        simulate(plants="honest,sloth")


def test_more_plants_than_labelers_are_refused(campaign: Campaign) -> None:
    with pytest.raises(CommandError, match="2 are to be planted among 1 labelers"):
        simulate(labelers=1, plants="honest,clicker")


@pytest.mark.parametrize("state", ["draft", "paused", "closed"])
def test_a_campaign_that_is_not_open_is_refused(campaign: Campaign, state: str) -> None:
    Campaign.objects.update(state=state)
    with pytest.raises(CommandError, match=f"The campaign is {state}"):
        simulate()
    assert not User.objects.exists()


@pytest.mark.parametrize("labelers", [0, 1001])
def test_a_number_that_makes_no_sense_is_refused(campaign: Campaign, labelers: int) -> None:
    with pytest.raises(CommandError, match="it must be 1 to 1000"):
        simulate(labelers=labelers)


def test_a_campaign_that_is_not_there_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="There is no campaign 'busy'"):
        simulate()


def test_somebody_s_name_is_not_taken_over(campaign: Campaign) -> None:
    make_user("synthetic-4-1")
    with pytest.raises(CommandError, match="synthetic-4-1 is the name of somebody else"):
        simulate()
    assert not Label.objects.exists()
    assert simulation.PREFIX == "synthetic"
