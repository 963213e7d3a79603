"""A labeler submits a judgment."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains

from accounts.models import User
from labeling import assigning, submitting
from labeling.models import Assignment, Campaign, Label, Pair, Slot
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_slot

As = Callable[[User], Client]


def lease(campaign: Campaign, labeler: User) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    return assignment


def submit(assignment: Assignment, preference: int = -1, **fields: object) -> Label:
    given = {"submission_key": uuid.uuid4(), "at": NOW} | fields
    return submitting.submit_label(assignment=assignment, preference=preference, **given)  # type: ignore[arg-type]


def form(choice: str = "-2", **fields: str) -> dict[str, str]:
    return {"choice": choice, "rationale": "", "submission_key": str(uuid.uuid4()), **fields}


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    pair = make_pair(campaign)
    assignment = lease(campaign, lena)
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, assignment.key]), form("-2", rationale="Left is right."))
    assert answer.status_code == 302
    label = Label.objects.get()
    assert (label.pair, label.labeler, label.rationale, label.source) == (pair, lena, "Left is right.", "desk")
    assert label.preference == (-2 if assignment.left_is_a else 2)


@pytest.mark.parametrize("left_is_a", [True, False])
def test_the_left_button_stores_the_response_that_was_left(campaign: Campaign, lena: User, as_: As, left_is_a: bool) -> None:
    make_pair(campaign)
    Slot.objects.update(left_is_a=left_is_a)
    assignment = lease(campaign, lena)
    as_(lena).post(reverse("submit-label", args=[campaign.slug, assignment.key]), form("-3"))
    label = Label.objects.get()
    assert label.verdict == ("a" if left_is_a else "b")
    assert label.left_was_a is left_is_a


def test_both_bad_is_a_tie(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), form("both-bad"))
    label = Label.objects.get()
    assert (label.verdict, label.preference, label.both_bad) == ("tie", 0, True)


def test_the_answer_to_htmx_is_the_next_card(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, a="first left", b="first right")
    make_pair(campaign, a="second left", b="second right")
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), form(), headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "second left" in page
    assert "first left" not in page
    assert "<html" not in page


def test_the_same_submission_key_gets_the_first_answer_again(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment, key = lease(campaign, lena), uuid.uuid4()
    first = submit(assignment, -2, submission_key=key)
    again = submit(assignment, 3, submission_key=key)
    assert again == first
    assert Label.objects.get().preference == -2


def test_a_repeated_submission_is_told_what_is_stored(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    url, first = reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), form("-2")
    as_(lena).post(url, first, headers={"HX-Request": "true"})
    again = as_(lena).post(url, first | {"choice": "both-bad"}, headers={"HX-Request": "true"})
    assertContains(again, "Stored: left better.")


def test_a_submission_key_of_somebody_else_is_refused(campaign: Campaign, lena: User, otto: User) -> None:
    make_pair(campaign)
    key = uuid.uuid4()
    submit(lease(campaign, lena), submission_key=key)
    with pytest.raises(submitting.NotYours):
        submit(lease(campaign, otto), submission_key=key)
    assert Label.objects.count() == 1


def test_somebody_elses_assignment_is_not_found(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign)
    answer = as_(otto).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), form())
    assert answer.status_code == 404
    assert not Label.objects.exists()


def test_an_assignment_of_another_campaign_is_not_found(campaign: Campaign, lena: User, as_: As) -> None:
    other = make_campaign(labelers=(lena,))
    make_pair(other)
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(other, lena).key]), form())
    assert answer.status_code == 404


def test_without_a_choice_nothing_is_stored_and_the_text_is_kept(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    sent = form("", rationale="typed at length")
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), sent)
    assert answer.status_code == 422
    assert "typed at length" in answer.content.decode()
    assert sent["submission_key"] in answer.content.decode()
    assert not Label.objects.exists()


def test_a_nul_in_the_rationale_is_refused_with_a_reason(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), form(rationale="a\x00b"))
    assert answer.status_code == 422
    assert not Label.objects.exists()


def test_an_expired_lease_still_counts_while_a_place_is_open(campaign: Campaign, lena: User, otto: User) -> None:
    make_pair(campaign)
    late = lease(campaign, lena)
    assigning.return_expired(at=NOW + timedelta(hours=1))
    lease(campaign, otto)  # takes the first slot, which lena had
    label = submit(late, at=NOW + timedelta(hours=2))
    assert not label.is_surplus
    assert label.slot is not None
    assert label.slot.labeler == lena


def test_a_late_label_of_a_complete_pair_is_kept_as_surplus(campaign: Campaign, lena: User, otto: User, rosa: User) -> None:
    pair = make_pair(campaign)
    late = lease(campaign, lena)
    assigning.return_expired(at=NOW + timedelta(hours=1))
    join(campaign, rosa)
    for labeler in (otto, rosa):
        submit(lease(campaign, labeler), -1)
    label = submit(late, 3, rationale="long thought", at=NOW + timedelta(hours=2))
    assert label.is_surplus
    assert Label.objects.get(pk=label.pk).rationale == "long thought"
    assert Label.objects.counting().filter(pair=pair).count() == 2


def test_a_second_answer_to_the_same_assignment_is_surplus(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    assert not submit(assignment, -1).is_surplus
    assert submit(assignment, 2).is_surplus


def test_a_late_label_takes_the_place_that_its_labeler_holds_by_now(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    late = lease(campaign, lena)
    assigning.return_expired(at=NOW + timedelta(hours=1))
    newer = lease(campaign, lena)
    assert newer != late
    assert not submit(late, -1, at=NOW + timedelta(hours=2)).is_surplus
    assert submit(newer, -1, at=NOW + timedelta(hours=2)).is_surplus
    assert Label.objects.counting().count() == 1


def test_the_pair_settles_with_the_last_label(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    submit(lease(campaign, lena), -3)
    pair.refresh_from_db()
    assert pair.standing == "waiting"
    submit(lease(campaign, otto), -1)
    pair.refresh_from_db()
    assert (pair.standing, pair.verdict, pair.margin, pair.settled_by) == ("agreed", "a", -2.0, "strict-majority/1")


def test_labels_that_differ_contest_the_pair(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    submit(lease(campaign, lena), -3)
    submit(lease(campaign, otto), 1)
    pair.refresh_from_db()
    assert (pair.standing, pair.verdict, pair.settled_at) == ("contested", None, None)


@pytest.mark.parametrize("how", ["save", "update", "bulk_update", "delete", "raw", "truncate"])
def test_a_label_is_never_changed(campaign: Campaign, lena: User, how: str) -> None:
    make_pair(campaign)
    label = submit(lease(campaign, lena), -3)
    connection.check_constraints()  # deferred checks would stand in the way of TRUNCATE
    with pytest.raises((IntegrityError, InternalError), match="only ever added to"), transaction.atomic():
        change(label, how)
    assert Label.objects.get().preference == -3


def change(label: Label, how: str) -> None:
    label.preference, label.verdict = 3, "b"
    match how:
        case "save":
            label.save()
        case "update":
            Label.objects.update(preference=3, verdict="b")
        case "bulk_update":
            Label.objects.bulk_update([label], ["preference", "verdict"])
        case "delete":
            Label.objects.all()._raw_delete("default")
        case "raw" | "truncate":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE labeling_label SET both_bad = true" if how == "raw" else "TRUNCATE labeling_label CASCADE")


def test_without_its_trigger_a_label_can_be_changed(campaign: Campaign, lena: User) -> None:
    """The negative control of the test above."""
    make_pair(campaign)
    label = submit(lease(campaign, lena), -3)
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE labeling_label DISABLE TRIGGER USER")
    change(label, "save")
    assert Label.objects.get().preference == 3


def test_erasing_a_rationale_needs_a_hash_and_a_reason(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    label = submit(lease(campaign, lena), -3, rationale="my name is lena")
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(rationale=None)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(rationale=None, erased_at=NOW, erased_why="asked", erased_sha256="0" * 64, preference=3, verdict="b")
    Label.objects.filter(pk=label.pk).update(rationale=None, erased_at=NOW, erased_why="asked", erased_sha256="0" * 64)
    assert Label.objects.get().rationale is None


def test_a_tie_without_the_tie_verdict_is_refused_by_the_database(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    label = submit(lease(campaign, lena), -3)
    with pytest.raises(IntegrityError, match="preference_and_verdict_agree"), transaction.atomic():
        Label.objects.create(
            pair=pair,
            labeler=lena,
            rubric_version=pair.rubric_version,
            verdict="a",
            preference=1,
            left_was_a=True,
            assignment=label.assignment,
            source="desk",
            submission_key=uuid.uuid4(),
            submitted_at=NOW,
        )
    assert Pair.objects.count() == 1


def test_a_label_in_somebody_elses_slot_is_refused_by_the_database(campaign: Campaign, lena: User, otto: User) -> None:
    pair, other = make_pair(campaign, slots=0), make_pair(campaign, slots=0)
    slot = make_slot(other, labeler=otto, closed_at=NOW)
    with pytest.raises(IntegrityError, match="closed slot of its own pair"), transaction.atomic():
        make_label(pair, lena, slot=slot)


def test_a_verdict_that_is_none_is_refused_by_the_database(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=0)
    slot = make_slot(pair, labeler=lena, closed_at=NOW)
    with pytest.raises(IntegrityError, match="label_says_a_b_or_tie"), transaction.atomic():
        Label.objects.create(
            pair=pair,
            slot=slot,
            labeler=lena,
            rubric_version=pair.rubric_version,
            verdict="x",
            source="imported",
            submission_key=uuid.uuid4(),
            submitted_at=NOW,
        )
