"""Which settled pairs make rows, which side is chosen, by how much, and in which order."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from exports import formats, rows
from exports.choices import Choice
from labeling import resolution
from labeling.models import Campaign, GoldItem, Label, Pair, Slot, Standing, Trouble
from labeling.resolution import Resolution
from policies.models import Policy
from tests import builders
from tests.builders import NOW, make_campaign, make_label, make_pair, make_policy, make_prompt, make_rubric_version, make_slot, make_user
from tests.exports.settled import adjudicate, settled_pair, stand


@pytest.fixture
def people(campaign: Campaign, lena: User, otto: User) -> tuple[User, ...]:
    return lena, otto, make_user("nora")


def only(campaign: Campaign) -> rows.Candidate:
    (row,) = rows.candidates([campaign]).rows
    return row


def left_out(campaign: Campaign) -> dict[str, int]:
    found = rows.candidates([campaign])
    assert not found.rows
    return dict(found.left_out)


def test_it_works(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (-3, -1, 1))
    row = only(campaign)
    assert (row.chosen, row.rejected) == (pair.response_a_id, pair.response_b_id)
    assert row.margin == 1.0
    assert row.settled == "agreed"
    assert row.rule == resolution.RULE
    assert set(row.labels) == set(pair.labels.values_list("pk", flat=True))
    assert row.adjudication is None


def test_b_is_chosen_where_b_is_the_verdict(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (2, 3, 2))
    row = only(campaign)
    assert (row.chosen, row.rejected) == (pair.response_b_id, pair.response_a_id)
    assert row.margin == pytest.approx(7 / 3)


def test_a_strong_minority_turns_the_margin_round(campaign: Campaign, people: tuple[User, ...]) -> None:
    settled_pair(campaign, people, (-1, -1, 3))
    assert only(campaign).margin == pytest.approx(-1 / 3)


def test_a_bare_verdict_counts_as_one_step(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = make_pair(campaign, slots=0)
    for labeler, preference in zip(people, (None, -3, None), strict=True):
        slot = make_slot(pair, labeler=labeler, closed_at=NOW)
        Label.objects.create(
            pair=pair,
            slot=slot,
            labeler=labeler,
            rubric_version=pair.rubric_version,
            verdict="a",
            preference=preference,
            source=Label.Source.IMPORTED,
            submission_key=uuid.uuid4(),
            submitted_at=NOW,
        )
    stand(pair, Resolution(Standing.AGREED, "a", None))
    assert only(campaign).margin == pytest.approx(5 / 3)


def test_an_adjudicated_pair_takes_the_adjudicators_preference(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people, (-3, 3, 0))
    assert pair.standing == Standing.CONTESTED
    ruling = adjudicate(pair, ada, "b", 2)
    row = only(campaign)
    assert (row.chosen, row.margin, row.settled, row.adjudication) == (pair.response_b_id, 2.0, "adjudicated", ruling.pk)
    assert len(row.labels) == 3


def test_an_adjudicators_bare_verdict_counts_as_one_step(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, "a")
    assert only(campaign).margin == 1.0


# What was chosen


def chosen_with(choice: Choice, campaign: Campaign) -> rows.Candidates:
    return rows.candidates([campaign], choice)


def test_only_the_chosen_rubric_versions_standings_policies_and_slices_make_rows(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    warm, cold = make_policy("warm", weights_sha256="a" * 64), make_policy("cold")
    german = make_prompt(slices={"language": "de", "risk": "high"})
    settled_pair(campaign, people, prompt=german, policies=(warm, cold))
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, "a")
    rubric = campaign.rubric_version
    for choice, kept, left_out in [
        (Choice(), 2, {}),
        (Choice(rubric_versions=(f"{rubric.rubric.name}@{rubric.number}",)), 2, {}),
        (Choice(rubric_versions=("other@1",)), 0, {"other_rubric": 2}),
        (Choice(standings=("agreed",)), 1, {"other_standing": 1}),
        (Choice(policies=(f"warm@{'a' * 12}", "cold")), 1, {"other_policy": 1}),
        (Choice(policies=("warm", "cold")), 0, {"other_policy": 2}),
        (Choice(slices={"language": ("de", "en")}), 1, {"other_slice": 1}),
        (Choice(slices={"language": ("de",), "risk": ("low",)}), 0, {"other_slice": 2}),
    ]:
        found = chosen_with(choice, campaign)
        assert (len(found.rows), found.left_out) == (kept, left_out), choice


def test_less_agreement_or_strength_than_was_asked_for_is_left_out(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, (-1, -1, -1))
    settled_pair(campaign, people, (-3, -3, 3))
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, "a", -3)
    assert chosen_with(Choice(least_agreement=2 / 3), campaign).left_out == {"little_agreement": 1}
    assert chosen_with(Choice(least_agreement=0.9), campaign).left_out == {"little_agreement": 2}
    assert chosen_with(Choice(least_strength=1.5), campaign).left_out == {"little_strength": 2}
    assert chosen_with(Choice(least_agreement=0.9, least_strength=1.5), campaign).left_out == {"little_agreement": 2, "little_strength": 1}


def test_no_person_counts_more_often_than_the_cap_allows(campaign: Campaign, people: tuple[User, ...]) -> None:
    for _ in range(5):
        settled_pair(campaign, people, (-1, -2, 1))
    capped = chosen_with(Choice(cap_per_person=3), campaign)
    labels = [label for row in capped.rows for label in row.labels]
    counted = Counter(Label.objects.filter(pk__in=labels).values_list("labeler", flat=True))
    assert set(counted.values()) == {3}
    assert capped.left_out == {"capped": 2}
    assert [row.key for row in capped.rows] == [row.key for row in chosen_with(Choice(), campaign).rows][:3]


def test_what_is_left_of_a_rows_labels_must_still_bear_it_out(campaign: Campaign, people: tuple[User, ...]) -> None:
    """Of the second pair the one who was for its verdict in both has no label left: one of two is no majority."""
    lena, otto, nora = people
    settled_pair(campaign, (lena, otto), (-2, -2))
    settled_pair(campaign, (lena, nora, make_user()), (-2, -2, 2))
    found = chosen_with(Choice(cap_per_person=1), campaign)
    margins = {len(row.labels): row.margin for row in found.rows}
    assert found.left_out in ({"capped": 1}, {})
    assert all(margin > 0 for margin in margins.values())


def test_the_summary_counts_what_the_candidates_are(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, prompt=make_prompt(slices={"language": "de"}))
    settled_pair(campaign, people, (0, 0, 0))
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, "a")
    make_pair(campaign)
    found = rows.summary([campaign])
    assert (found.rows, found.families, found.settled) == (2, 2, {"adjudicated": 1, "agreed": 1})
    assert (found.left_out, found.unsettled) == ({"tie": 1}, {"waiting": 1})
    assert (found.rubric_versions, found.slices) == ({campaign.rubric_version_id: 2}, {("language", "de"): 1})


# What stays out


def tie(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, (0, 0, -1))


def no_right_answer(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, None)


def empty(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, b="\u3000\u00a0\n")  # white space to Python, letters to a database in the C locale


def equal(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, a="The same.", b="The same.")


def in_trouble(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, trouble=Trouble.LOOPING)


def gold(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    GoldItem.objects.create(pair=pair, verdict="a", why="Only A answers.", added_at=NOW)


def gold_elsewhere(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, prompt=make_prompt("What is a knot?"))
    other = make_pair(make_campaign(), prompt=make_prompt("what is a  KNOT"))
    GoldItem.objects.create(pair=other, verdict="a", why="Only A answers.", added_at=NOW)


def changed_by_hand(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    Pair.objects.filter(pk=pair.pk).update(verdict="b")


def ruled_by_hand(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    Pair.objects.filter(pk=pair.pk).update(standing=Standing.ADJUDICATED)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (tie, "tie"),
        (no_right_answer, "no_right_answer"),
        (empty, "empty"),
        (equal, "equal"),
        (in_trouble, "looping"),
        (gold, "gold"),
        (gold_elsewhere, "gold_family"),
        (changed_by_hand, "unfounded"),
        (ruled_by_hand, "unfounded"),
    ],
)
def test_a_pair_that_must_not_train_is_left_out_and_counted(
    make: Callable[[Campaign, tuple[User, ...], User], None], reason: str, campaign: Campaign, people: tuple[User, ...], ada: User
) -> None:
    make(campaign, people, ada)
    assert left_out(campaign) == {reason: 1}


def test_every_kind_of_trouble_is_a_reason() -> None:
    assert {trouble for trouble in Trouble.values if trouble} <= set(rows.LeftOut.values)


def test_what_is_not_settled_is_counted_by_standing(campaign: Campaign, people: tuple[User, ...]) -> None:
    make_pair(campaign)
    make_pair(campaign, standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    settled_pair(campaign, people, (-3, 3, 0))
    found = rows.candidates([campaign])
    assert not found.rows
    assert found.unsettled == {"waiting": 1, "contested": 1, "withdrawn": 1}


def test_labels_that_do_not_count_stay_out_of_the_margin(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people, (-2, -2))
    counted = set(pair.labels.values_list("pk", flat=True))
    repeat = make_slot(pair, kind=Slot.Kind.REPEAT, reserved_for=people[0], labeler=people[0], closed_at=NOW)
    make_label(pair, people[0], 3, slot=repeat)
    Label.objects.create(
        pair=pair,
        slot=None,
        labeler=ada,
        rubric_version=pair.rubric_version,
        verdict="b",
        preference=3,
        source=Label.Source.IMPORTED,
        submission_key=uuid.uuid4(),
        submitted_at=NOW,
    )
    row = only(campaign)
    assert (row.margin, set(row.labels)) == (2.0, counted)


def test_labels_under_another_rubric_version_stay_out(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (-2, -2))
    Pair.objects.filter(pk=pair.pk).update(rubric_version=make_rubric_version(rubric=pair.rubric_version.rubric))
    assert left_out(campaign) == {"unfounded": 1}


def test_other_campaigns_stay_out(campaign: Campaign, people: tuple[User, ...]) -> None:
    settled_pair(make_campaign(), people)
    assert rows.candidates([campaign]) == rows.Candidates([], {}, {})


# The order


@pytest.mark.parametrize("external_id", ["", 'quotes " and \\ and \n\t\x01\x7f', "Füße\u2028漢字𝔘", "a/b"])
def test_a_key_is_the_hash_of_the_contents_canonical_json(external_id: str, campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, external_id=external_id)
    a, b = pair.response_a, pair.response_b
    hashes = sorted((a.sha256, b.sha256))
    content = [pair.prompt.content_sha256, *hashes, campaign.slug, external_id, a.sha256, a.policy.name, b.policy.name]
    assert only(campaign).key == hashlib.sha256(formats.canonical(content).encode()).hexdigest()[:32]


def test_rows_stand_in_the_order_of_code_points(campaign: Campaign, people: tuple[User, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "make_policy", one_policy)
    prompt = make_prompt("Which?")
    ids = ["b", "B", "ä", "a", "Z", "é", "z", "_", "\U0001d518", "\uff21"]
    for external_id in ids:
        settled_pair(campaign, people, prompt=prompt, a="A bowline.", b="A granny.", external_id=external_id)
    found = Pair.objects.in_bulk([row.pair for row in rows.candidates([campaign]).rows])
    assert [found[row.pair].external_id for row in rows.candidates([campaign]).rows] == sorted(ids)


def stored_in(sequence: list[int], people: tuple[User, ...]) -> list[str]:
    """Store the same pairs in some order, note the keys of their rows, and take it all back."""
    with transaction.atomic():
        campaign = make_campaign("same")
        for number in sequence:
            settled_pair(campaign, people, prompt=make_prompt(f"Question {number}?"), a=f"Yes, {number}.", b=f"No, {number}.")
        found = [row.key for row in rows.candidates([campaign]).rows]
        transaction.set_rollback(True)
    return found


def one_policy() -> Policy:
    return Policy.objects.get_or_create(name="one", engine=Policy.Engine.IMPORTED, created_at=NOW)[0]


def test_order_and_keys_do_not_depend_on_the_order_of_storing(people: tuple[User, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "make_policy", one_policy)
    keys = stored_in([1, 2, 3, 4, 5], people)
    assert len(set(keys)) == 5
    assert stored_in([4, 1, 5, 3, 2], people) == keys


def test_pairs_with_the_same_content_get_keys_of_their_own(campaign: Campaign, people: tuple[User, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "make_policy", one_policy)
    for _ in range(3):
        settled_pair(campaign, people, prompt=make_prompt("Which knot holds?"), a="A bowline.", b="A granny.")
    assert len({row.key for row in rows.candidates([campaign]).rows}) == 3


def test_the_queries_do_not_grow_with_the_pairs(campaign: Campaign, people: tuple[User, ...], django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(2):
        for _ in range(5):
            settled_pair(campaign, people)
        with django_assert_num_queries(12):
            rows.candidates([campaign])
