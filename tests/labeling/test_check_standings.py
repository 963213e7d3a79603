"""An operator has every standing derived again."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from labeling import settling
from labeling.models import Campaign, Pair
from tests.builders import NOW, make_label, make_pair


@pytest.fixture
def settled(campaign: Campaign, lena: User, otto: User) -> Pair:
    pair = make_pair(campaign, slots=0)
    make_label(pair, lena, -3)
    make_label(pair, otto, -1)
    return settling.settle(pair, at=NOW)


def test_it_works(settled: Pair) -> None:
    out = StringIO()
    call_command("check_standings", stdout=out)
    assert "Every standing is what its ledgers say." in out.getvalue()


@pytest.mark.parametrize("change", [{"verdict": "b"}, {"margin": 0.5}, {"standing": "contested", "verdict": None, "margin": None}])
def test_a_standing_changed_by_hand_is_found(settled: Pair, change: dict[str, object]) -> None:
    Pair.objects.filter(pk=settled.pk).update(**change)
    out = StringIO()
    with pytest.raises(CommandError, match="1 standings"):
        call_command("check_standings", stdout=out)
    assert f"pair {settled.pk}" in out.getvalue()


def test_both_ways_of_deriving_agree(campaign: Campaign, settled: Pair, lena: User) -> None:
    make_pair(campaign)
    make_label(make_pair(campaign), lena, 0)
    for pair in Pair.objects.all():
        settling.settle(pair, at=NOW)
    assert list(settling.differences()) == []
