"""A researcher takes a pair out by hand, and brings it back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, history, settling, submitting, withdrawing
from labeling.models import AdjudicationTurn, Campaign, CampaignEvent, GoldItem, Label, Pair, Slot, Standing
from tests.builders import NOW, make_campaign, make_pair, make_slot
from tests.labeling.lives import change, check_in_line, labeled, open_places, standing
from tests.policies.pages import cells, elements

As = Callable[[User], Client]


def withdraw(pair: Pair, reason: str = "It names its policy.") -> Pair:
    return withdrawing.withdraw(campaign=pair.campaign, pair=pair, reason=reason, actor=None, at=NOW)


def bring_back(pair: Pair) -> Pair:
    return withdrawing.bring_back(campaign=Campaign.objects.get(pk=pair.campaign_id), pair=pair, actor=None, at=NOW)


def test_it_works(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    pair = make_pair(campaign, external_id="row-7")
    client = as_(rosa)
    assert client.post(reverse("withdraw-pair", args=[campaign.slug]), {"pair": "row-7", "reason": "It names its policy."}).status_code == 302
    assert (standing(pair), open_places(pair)) == (Standing.WITHDRAWN, 0)
    assert assigning.next_for(campaign, lena, at=NOW) is None
    page = client.get(reverse("withdrawn-pairs", args=[campaign.slug]))
    [row] = cells(page, "Pairs that are out, the latest first")
    assert row[:2] + row[3:5] == [str(pair.pk), "row-7", "rosa", "It names its policy."]
    assert client.post(reverse("bring-back-pair", args=[campaign.slug, pair.pk])).status_code == 302
    assert (standing(pair), open_places(pair)) == (Standing.WAITING, 2)
    assert [history.in_words(event) for event in CampaignEvent.objects.order_by("pk")] == [
        f"withdrew pair {pair.pk} (row-7), which was waiting: It names its policy.",
        f"brought pair {pair.pk} (row-7) back: it is waiting",
    ]
    check_in_line(campaign)


def test_a_label_that_still_comes_is_kept_and_not_counted(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment
    withdraw(pair)
    assert submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW).is_surplus
    assert standing(pair) == Standing.WITHDRAWN


def test_places_of_every_kind_are_closed(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    make_slot(pair, kind=Slot.Kind.REPEAT, reserved_for=lena, rank=3)
    withdraw(pair)
    assert not pair.slots.filter(closed_at=None).exists()


def test_an_adjudicator_s_turn_ends(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    pair = labeled(campaign, [lena, otto], (-1, 1))
    turn = adjudicating.next_for(campaign, ada, at=NOW)
    assert turn
    withdraw(pair)
    assert AdjudicationTurn.objects.get().ended_at
    late = adjudicating.adjudicate(turn=turn, preference=1, both_bad=False, reason_class="taste", reason="x", submission_key=uuid4(), at=NOW)
    assert (late.is_surplus, standing(pair)) == (True, Standing.WITHDRAWN)


@pytest.mark.parametrize("preferences", [(), (-1,), (-1, -1), (-1, 1)])
def test_it_comes_back_as_its_labels_say(campaign: Campaign, lena: User, otto: User, preferences: tuple[int, ...]) -> None:
    pair = labeled(campaign, [lena, otto], preferences)
    stood = standing(pair)
    withdraw(pair)
    assert list(settling.differences()) == []
    assert bring_back(pair).standing == stood
    assert open_places(pair) == 2 - len(preferences)
    check_in_line(campaign)


def test_one_that_fewer_labels_had_settled_comes_back_as_settled(campaign: Campaign, lena: User, otto: User) -> None:
    pair = labeled(campaign, [lena, otto], (-1, -1))
    change(campaign, overlap=4)
    withdraw(pair)
    assert bring_back(pair).standing == Standing.AGREED
    assert open_places(pair) == 0


def test_it_comes_back_with_the_places_there_are_to_be_by_then(campaign: Campaign, lena: User, otto: User) -> None:
    pair = labeled(campaign, [lena, otto], (-1, 1))
    withdraw(pair)
    change(campaign, overlap=4, escalation_bound=1)
    assert bring_back(pair).standing == Standing.WAITING
    assert open_places(pair) == 2
    check_in_line(campaign)


def test_a_contested_one_that_comes_back_is_escalated(campaign: Campaign, lena: User, otto: User) -> None:
    pair = labeled(campaign, [lena, otto], (-1, 1))
    withdraw(pair)
    change(campaign, escalation_bound=1)
    assert bring_back(pair).standing == Standing.WAITING
    assert open_places(pair, "escalation") == 1


def test_another_rule_does_not_bring_it_back(campaign: Campaign, lena: User, otto: User) -> None:
    pair = labeled(campaign, [lena, otto], (-1, -1))
    withdraw(pair)
    since = Pair.objects.get(pk=pair.pk).withdrawn_at
    change(campaign, rule="unanimous/1")
    after = Pair.objects.get(pk=pair.pk)
    assert (after.standing, after.withdrawn_at) == (Standing.WITHDRAWN, since)


def test_what_cannot_be_withdrawn_says_why(campaign: Campaign) -> None:
    gold, out = make_pair(campaign, slots=0), make_pair(campaign)
    GoldItem.objects.create(pair=gold, verdict="a", why="clear", added_at=NOW)
    withdraw(out)
    for pair, reason, why in ((gold, "x", "Retire that first"), (out, "x", "is withdrawn already"), (make_pair(campaign), "  ", "Say why")):
        with pytest.raises(campaigning.NotPossible, match=why):
            withdraw(pair, reason)


def test_what_cannot_be_brought_back_says_why(campaign: Campaign) -> None:
    stopped = make_pair(campaign, slots=0, trouble="equal", standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    for pair, why in ((stopped, "because of its texts"), (make_pair(campaign), "is not withdrawn: it is waiting")):
        with pytest.raises(campaigning.NotPossible, match=why):
            bring_back(pair)


def test_states_allow_it_or_not(db: None) -> None:
    campaign = make_campaign(state="closed")
    pair = make_pair(campaign)
    withdraw(pair)
    with pytest.raises(campaigning.NotPossible, match="The campaign is closed: pairs cannot be brought back. Open it again first."):
        bring_back(pair)
    Campaign.objects.update(state="archived")
    with pytest.raises(campaigning.NotPossible, match="The campaign is archived: pairs cannot be withdrawn."):
        withdraw(make_pair(campaign))


@pytest.mark.parametrize(("sent", "field"), [({"pair": "nowhere", "reason": "x"}, "pair"), ({"pair": "1"}, "reason"), ({"reason": "x"}, "pair")])
def test_a_form_that_makes_no_sense_comes_back(campaign: Campaign, rosa: User, as_: As, sent: dict[str, str], field: str) -> None:
    response = as_(rosa).post(reverse("withdraw-pair", args=[campaign.slug]), sent)
    assert response.status_code == 422
    assert elements(response, "div", id=f"id_{field}_error")


def test_a_pair_of_another_campaign_is_none_here(campaign: Campaign, rosa: User, as_: As) -> None:
    other = make_pair()
    assert as_(rosa).post(reverse("withdraw-pair", args=[campaign.slug]), {"pair": str(other.pk), "reason": "x"}).status_code == 422
    assert as_(rosa).post(reverse("bring-back-pair", args=[campaign.slug, other.pk])).status_code == 404
    assert standing(other) == Standing.WAITING


def test_the_database_keeps_the_time_with_the_standing(campaign: Campaign) -> None:
    """The one writer of standings writes both, or the database refuses."""
    pair = make_pair(campaign)
    withdraw(pair)
    assert Pair.objects.filter(standing=Standing.WITHDRAWN, withdrawn_at=NOW).exists()
    bring_back(pair)
    assert Pair.objects.filter(standing=Standing.WAITING, withdrawn_at=None).exists()
    with connection.cursor() as cursor, pytest.raises(Exception, match="withdrawn_pair_stands_so"):
        cursor.execute("UPDATE labeling_pair SET withdrawn_at = now()")


def test_labels_are_kept(campaign: Campaign, lena: User, otto: User) -> None:
    withdraw(labeled(campaign, [lena, otto], (-1, -1)))
    assert Label.objects.counting().count() == 2
