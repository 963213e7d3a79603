"""Synthetic labelers fill a campaign, the way people would."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from labeling import progress, settling, simulation
from labeling.models import Campaign, Label, Pair, Role
from labeling.simulation import judge, taste_of
from tests.builders import make_campaign, make_pair, make_user


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Open, k = 3, twelve pairs."""
    campaign = make_campaign("busy", overlap=3)
    for number in range(12):
        make_pair(campaign, a=f"Answer {number}.", b=f"Another answer, somewhat longer, {number}.")
    return campaign


def simulate(*, labelers: int = 5, seed: int = 4, labels: int | None = None) -> None:
    call_command("simulate_labelers", "busy", labelers=labelers, seed=seed, labels=labels)


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


def test_a_taste_is_drawn_from_the_seed() -> None:
    assert taste_of(4, 1) == taste_of(4, 1)
    assert len({taste_of(seed, number) for seed in (4, 5) for number in range(20)}) == 40


def test_a_judgment_depends_on_seed_labeler_texts_and_sides_alone() -> None:
    first, again = (judge(taste_of(4, 1), seed=4, labeler=1, a="one", b="two", left_is_a=True) for _ in range(2))
    assert first == again
    drawn = {judge(taste_of(4, number), seed=4, labeler=number, a="one", b="two", left_is_a=True) for number in range(30)}
    assert len(drawn) > 2


def test_judgments_use_the_whole_scale_and_favour_neither_side() -> None:
    said = [judge(taste_of(1, n % 20), seed=1, labeler=n % 20, a=f"a{n}", b=f"b{n}", left_is_a=n % 2 == 0).preference for n in range(2000)]
    assert set(said) == set(range(-3, 4))
    assert abs(sum(1 for preference in said if preference > 0) - sum(1 for preference in said if preference < 0)) < 200


def test_both_bad_is_a_tie() -> None:
    drawn = [judge(taste_of(1, n % 20), seed=1, labeler=n % 20, a=f"a{n}", b=f"b{n}", left_is_a=True) for n in range(2000)]
    both_bad = [judgment for judgment in drawn if judgment.both_bad]
    assert both_bad
    assert {judgment.preference for judgment in both_bad} == {0}


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
