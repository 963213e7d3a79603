"""A researcher keeps pairs for one labeler, and gives them back to everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, inviting, naming, releasing, submitting, tasks
from labeling.models import Assignment, Campaign, CampaignEvent, Membership, Pair, Role, Slot
from labeling.slotting import make_slots
from tests.builders import NOW, make_label, make_pair, make_slot
from tests.labeling.lives import check_in_line
from tests.policies.pages import cells, elements, text_of

As = Callable[[User], Client]


def keep(campaign: Campaign, labeler: User, *pairs: Pair, next_free: int = 0) -> naming.Named:
    return naming.assign(campaign=campaign, labeler=labeler, named=[str(pair.pk) for pair in pairs], next_free=next_free, actor=None, at=NOW)


def next_pair(campaign: Campaign, labeler: User) -> Assignment | None:
    return assigning.next_for(Campaign.objects.get(pk=campaign.pk), labeler, at=NOW)


def answer(campaign: Campaign, labeler: User) -> Assignment:
    assignment = next_pair(campaign, labeler)
    assert assignment
    submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW)
    return assignment


def pairs_of(campaign: Campaign, number: int) -> list[Pair]:
    pairs = [make_pair(campaign, slots=0) for _ in range(number)]
    make_slots(pairs, campaign)
    return pairs


def test_it_works(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    *_, last = pairs_of(campaign, 3)
    url = reverse("assign-by-name", args=[campaign.slug, lena.pk])
    assert as_(rosa).post(url, {"named": str(last.pk)}).status_code == 302
    assignment = next_pair(campaign, lena)
    assert assignment
    assert assignment.pair_id == last.pk
    event = CampaignEvent.objects.get()
    assert (event.kind, event.actor, event.detail) == ("assigned_by_name", rosa, {"labeler": "lena", "pairs": [last.pk]})


def test_nobody_else_gets_the_place(campaign: Campaign, lena: User, otto: User) -> None:
    [pair] = pairs_of(campaign, 1)
    keep(campaign, lena, pair)
    first = answer(campaign, otto)
    assert first.pair_id == pair.pk  # the other of the two places
    assert Slot.objects.free().get().reserved_for == lena


def test_they_come_in_the_order_in_which_they_were_named(campaign: Campaign, lena: User) -> None:
    first, second, third = pairs_of(campaign, 3)
    keep(campaign, lena, third, first)
    assert [answer(campaign, lena).pair_id for _ in range(3)] == [third.pk, first.pk, second.pk]


def test_a_check_keeps_its_position_among_them(campaign: Campaign, lena: User) -> None:
    """Else a labeler to whom many pairs are given would get all their checks in a row."""
    pairs = pairs_of(campaign, 4)
    check = make_pair(campaign, slots=0)
    assigning.enrol(campaign, lena, at=NOW)
    make_slot(check, kind=Slot.Kind.REPEAT, reserved_for=lena, rank=2)
    keep(campaign, lena, *pairs)
    assert [answer(campaign, lena).pair_id for _ in range(5)].index(check.pk) in (2, 3)


def test_a_second_batch_comes_after_the_first(campaign: Campaign, lena: User) -> None:
    first, second, third = pairs_of(campaign, 3)
    keep(campaign, lena, third)
    keep(campaign, lena, first)
    assert [answer(campaign, lena).pair_id for _ in range(3)] == [third.pk, first.pk, second.pk]


def test_so_many_of_the_next_ones_are_kept(campaign: Campaign, lena: User, otto: User) -> None:
    pairs = pairs_of(campaign, 4)
    answer(campaign, lena)
    assert keep(campaign, lena, next_free=2).assigned == [pairs[1].pk, pairs[2].pk]
    assert keep(campaign, lena, pairs[3], next_free=5).assigned == [pairs[3].pk]


def test_a_pair_is_named_by_its_id_or_its_number(campaign: Campaign, lena: User) -> None:
    named = make_pair(campaign, external_id="row-7")
    numbered = make_pair(campaign, external_id="row-8")
    done = naming.assign(campaign=campaign, labeler=lena, named=["row-7", str(numbered.pk), "row-9"], actor=None, at=NOW)
    assert done.assigned == [named.pk, numbered.pk]
    assert done.left_out == {"row-9": "there is no such pair here"}


def test_an_id_goes_before_a_number(campaign: Campaign, lena: User) -> None:
    numbered = make_pair(campaign)
    named = make_pair(campaign, external_id=str(numbered.pk))
    assert naming.pairs_named(campaign, [str(numbered.pk)]) == {str(numbered.pk): named.pk}


def test_what_a_labeler_had_is_not_kept_for_them(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    labeled, skipped, kept, full, judged, settled, out = pairs_of(campaign, 7)
    for labeler in (lena, ada):
        Membership.objects.get_or_create(campaign=campaign, user=labeler, role=Role.LABELER)
    Slot.objects.filter(pk=labeled.slots.first().pk).update(labeler=lena, closed_at=NOW)  # type: ignore[union-attr]
    make_label(labeled, lena, slot=labeled.slots.get(labeler=lena))
    held = make_slot(skipped, ordinal=3, labeler=lena, lease=(key := uuid4()), lease_ends_at=NOW + timedelta(minutes=5))
    assignment = Assignment.objects.create(key=key, slot=held, pair=skipped, labeler=lena, rubric_version=skipped.rubric_version, left_is_a=True, leased_at=NOW)
    assigning.skip(assignment=assignment, reason="broken", note="", at=NOW)
    keep(campaign, lena, kept)
    full.slots.update(closed_at=NOW)
    Pair.objects.filter(pk=judged.pk).update(standing="contested")
    assert adjudicating.next_for(campaign, ada, at=NOW)
    Pair.objects.filter(pk=settled.pk).update(standing="agreed", verdict="a")
    Pair.objects.filter(pk=out.pk).update(standing="withdrawn", withdrawn_at=NOW)
    done = keep(campaign, lena, labeled, skipped, kept, full, settled, out)
    assert done.left_out == {
        str(labeled.pk): "lena has labeled it, or has it on the screen",
        str(skipped.pk): "lena gave it back",
        str(kept.pk): "it is kept for lena already",
        str(full.pk): "no place of it is free",
        str(settled.pk): "it is agreed",
        str(out.pk): "it is withdrawn",
    }
    assert keep(campaign, ada, judged).left_out == {str(judged.pk): "ada had it as an adjudicator"}


@pytest.mark.parametrize("state", ["closed", "archived"])
def test_nothing_is_kept_where_nothing_is_labeled(campaign: Campaign, lena: User, state: str) -> None:
    [pair] = pairs_of(campaign, 1)
    Campaign.objects.update(state=state)
    with pytest.raises(campaigning.NotPossible, match=f"The campaign is {state}: pairs cannot be assigned by name"):
        keep(campaign, lena, pair)


def test_nothing_is_kept_for_who_does_not_label(campaign: Campaign, ada: User) -> None:
    with pytest.raises(campaigning.NotPossible, match="ada does not label here"):
        keep(campaign, ada, *pairs_of(campaign, 1))


def test_too_many_at_once_are_refused(campaign: Campaign, lena: User) -> None:
    for named, next_free in (([], 0), (["x"] * 501, 0), ([], 501)):
        with pytest.raises(campaigning.NotPossible, match="Name 1 to 500 pairs"):
            naming.assign(campaign=campaign, labeler=lena, named=named, next_free=next_free, actor=None, at=NOW)


# ---- and back ------------------------------------------------------------------------------------------------------


def test_what_is_given_back_is_the_next_for_others(campaign: Campaign, rosa: User, lena: User, otto: User, as_: As) -> None:
    first, second, third = pairs_of(campaign, 3)
    Slot.objects.filter(pair__in=[first, second]).exclude(pair=second, left_is_a=True).update(closed_at=NOW)
    keep(campaign, lena, second)
    assert answer(campaign, otto).pair_id == third.pk
    assert as_(rosa).post(reverse("release-from-name", args=[campaign.slug, lena.pk])).status_code == 302
    assert answer(campaign, otto).pair_id == second.pk
    assert CampaignEvent.objects.filter(kind="released_from_name", detail__pairs=1).exists()


def test_only_what_is_named_is_given_back(campaign: Campaign, lena: User) -> None:
    first, second = pairs_of(campaign, 2)
    keep(campaign, lena, first, second)
    assert naming.release(campaign=campaign, labeler=lena, named=[str(second.pk)], actor=None, at=NOW) == 1
    assert [slot.pair_id for slot in naming.kept_for(campaign, lena)] == [first.pk]


def test_a_pair_that_was_taken_while_it_was_kept_is_passed_over_and_given_back(campaign: Campaign, lena: User, otto: User) -> None:
    """Two places of one pair, the one kept for her as she takes the other: the desk goes on, and the sweep gives the place back."""
    first, second = pairs_of(campaign, 2)
    assert answer(campaign, lena).pair_id == first.pk
    Slot.objects.free().filter(pair=first).update(reserved_for=lena, rank=0, ranked_by="")
    assert answer(campaign, lena).pair_id == second.pk
    assert next_pair(campaign, lena) is None
    assert releasing.release_stranded(at=NOW) == 1
    assert answer(campaign, otto).pair_id == first.pk
    assert releasing.release_stranded(at=NOW) == 0


@pytest.fixture
def on_the_way(campaign: Campaign, lena: User) -> Campaign:
    """Lena has one pair on the screen, one kept for her, and a check ahead."""
    _, kept, seen = pairs_of(campaign, 3)
    assert next_pair(campaign, lena)
    keep(campaign, lena, kept)
    make_slot(seen, kind=Slot.Kind.REPEAT, reserved_for=lena, rank=9)
    return campaign


def check_nothing_is_left(campaign: Campaign, labeler: User) -> None:
    assert not Slot.objects.open().filter(reserved_for=labeler).exists()
    assert not Slot.objects.held().filter(labeler=labeler).exists()
    assert Slot.objects.free().filter(campaign=campaign, rank__lt=0).count() == 2  # at the head of the queue
    assert Slot.objects.get(kind=Slot.Kind.REPEAT).closed_at is not None
    check_in_line(campaign)


def test_what_is_kept_goes_with_the_role(on_the_way: Campaign, lena: User) -> None:
    assert inviting.take_role(campaign=on_the_way, user=lena, role=Role.LABELER, actor=None, at=NOW)
    check_nothing_is_left(on_the_way, lena)


def test_what_is_kept_goes_with_the_account(on_the_way: Campaign, lena: User, olga: User) -> None:
    assert inviting.close_account(user=lena, actor=olga, at=NOW)
    check_nothing_is_left(on_the_way, lena)


def test_the_sweep_finds_what_was_kept_when_a_role_went(on_the_way: Campaign, lena: User) -> None:
    """A pair that was being handed out in that moment comes back too, and does not wait for its lease to end."""
    Membership.objects.filter(user=lena).delete()
    tasks.sweep()
    check_nothing_is_left(on_the_way, lena)


def test_the_sweep_leaves_those_who_are_there_alone(on_the_way: Campaign, lena: User) -> None:
    assert releasing.release_stranded(at=NOW) == 0
    assert Slot.objects.open().filter(reserved_for=lena).count() == 2


# ---- the page ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_not_kept_and_why(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    [pair] = pairs_of(campaign, 1)
    response = as_(rosa).post(reverse("assign-by-name", args=[campaign.slug, lena.pk]), {"named": f"{pair.pk}, nowhere\n"})
    assert response.status_code == 200
    assert cells(response, "Pairs that are not kept, and why") == [["nowhere", "there is no such pair here"]]
    assert naming.kept_for(campaign, lena).count() == 1


@pytest.mark.parametrize("sent", [{}, {"named": " ,\n"}, {"next_free": "501"}, {"next_free": "many"}])
def test_a_form_that_names_nothing_comes_back(campaign: Campaign, rosa: User, lena: User, as_: As, sent: dict[str, str]) -> None:
    response = as_(rosa).post(reverse("assign-by-name", args=[campaign.slug, lena.pk]), sent)
    assert response.status_code == 422
    assert any("error" in (dict(div.attributes).get("class") or "") and text_of(div) for div in elements(response, "div"))
