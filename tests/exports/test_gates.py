"""What is checked of a version, and what is found."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import consenting
from accounts.models import User
from exports import checking, gatekeeping, gates, golden_pairs, measuring, publishing
from exports.gate_kinds import KINDS, Threshold
from exports.models import DatasetVersion
from labeling import goldkeeping
from labeling.models import Assignment, Campaign, Label, Pair, Role, Slot, Standing
from labeling.resolution import Resolution
from tests.builders import NOW, make_label, make_pair, make_prompt, make_rubric_version, make_slot, make_user
from tests.exports.settled import order, settled_campaign, settled_pair, stand


@pytest.fixture
def people(everyday: Campaign) -> list[User]:
    return [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]


def frozen(*campaigns: Campaign) -> DatasetVersion:
    version = publishing.publish(order(*campaigns))
    measuring.measure(version, at=NOW)
    return version


def gate(key: str, *campaigns: Campaign) -> gates.Gate:
    return of(frozen(*campaigns), key)


def of(version: DatasetVersion, key: str) -> gates.Gate:
    return next(found for found in gates.check(version) if found.key == key)


def test_it_works(version: DatasetVersion) -> None:
    measuring.measure(version, at=NOW)
    found = {found.key: found.state for found in gates.check(version)}
    assert list(found) == list(KINDS)
    assert [found[key] for key in ("agreement", "adjudicated", "rubrics", "system-prompts", "slices", "leakage", "golden", "repeats", "people")] == [
        "passed"
    ] * 9
    assert [found[key] for key in ("gold", "consent", "texts")] == ["unmeasured"] * 3
    assert [found[key] for key in ("licence", "read", "errors")] == ["failed", "failed", "unmeasured"]


def test_a_version_that_was_not_measured_passes_nothing(version: DatasetVersion) -> None:
    found = gates.check(version)
    assert all(one.state == "unmeasured" for one in found if not one.kind.live)
    assert not any(one.passed for one in found)


def test_figures_are_measured_once_and_leave_the_version_as_it_was(version: DatasetVersion, everyday: Campaign, people: list[User]) -> None:
    before = version.manifest_sha256, dict(version.manifest)
    assert measuring.measure(version, at=NOW)
    drawn = list(version.sample_rows.values_list("row", "sample", "place"))
    settled_pair(everyday, people, (-3, 3))
    assert not measuring.measure(version, at=NOW)
    version.refresh_from_db()
    assert (version.manifest_sha256, version.manifest) == before
    assert list(version.sample_rows.values_list("row", "sample", "place")) == drawn
    assert of(version, "agreement").figure.value == 1.0


def test_agreement_counts_contested_pairs_that_make_no_row(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    for _ in range(12):
        settled_pair(everyday, people, (-3, 3))
    found = gate("agreement", everyday)
    assert found.figure.value == 0.5
    assert found.figure.n == 24
    assert found.state == "failed"
    assert "asks for at least 60\u00a0%" in gates.reason(found)


def test_agreement_is_not_measured_where_nobody_labeled_twice(any_moment: None, people: list[User]) -> None:
    once = settled_campaign("once", pairs=0)
    for _ in range(3):
        settled_pair(once, people[:1], (-2,))
    assert [gate(key, once).state for key in ("agreement", "agreement-low")] == ["unmeasured", "unmeasured"]


def test_mixed_rubric_versions_are_named(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    second = make_rubric_version(rubric=everyday.rubric_version.rubric, body="The better response is shorter.")
    other = settled_campaign("second", pairs=0)
    other.rubric_version = second
    other.save()
    settled_pair(other, people)
    found = gate("rubrics", everyday, other)
    assert not found.passed
    assert f"{second.rubric.name} version 1, {second.rubric.name} version 2" in found.found


def test_sides_that_were_asked_differently_are_counted(any_moment: None, everyday: Campaign) -> None:
    first = everyday.pairs.first()
    assert first
    Pair.objects.filter(pk=first.pk).update(asked_differently=True)
    found = gate("system-prompts", everyday)
    assert (found.figure.value, found.state) == (1, "failed")
    assert found.found == "In 1 row the two sides were asked under different system prompts."


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_texts_twice_are_counted_also_when_they_contradict(turned: bool, any_moment: None, everyday: Campaign, people: list[User]) -> None:
    for preferences in ((-2, -2), (2, 2) if turned else (-1, -1)):
        settled_pair(everyday, people, preferences, prompt=make_prompt("Which knot holds?"), a="A bowline.", b="A granny.")
    assert gate("repeats", everyday).found == "In 1 row are texts that another row has too."


def test_simulated_labelers_are_counted(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    sided_label(everyday, people[0], left_was_a=True, source=Label.Source.SYNTHETIC)
    assert gate("people", everyday).found == "In 1 row a simulated labeler was counted."


@pytest.mark.parametrize(("lefts", "rights", "state"), [(6, 4, "passed"), (30, 6, "failed"), (20, 20, "passed")])
def test_sides_are_balanced_or_too_few_to_say(lefts: int, rights: int, state: str, any_moment: None, everyday: Campaign, people: list[User]) -> None:
    """6 of 10 lie outside 48 to 52 %, and may well be even; 30 of 36 may not."""
    for left in [True] * lefts + [False] * rights:
        sided_label(everyday, people[0], left_was_a=left)
    found = gate("left", everyday)
    assert found.figure.n == lefts + rights
    assert found.figure.value == pytest.approx(lefts / (lefts + rights))
    assert found.state == state


def test_longer_chosen_leaves_equal_lengths_out(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    lengths = settled_campaign("lengths", pairs=0)
    for a, b in (("long enough", "short"), ("longer than it", "brief"), ("tiny", "a good deal longer"), ("same", "size")):
        settled_pair(lengths, people, a=a, b=b)
    found = gate("longer", lengths)
    assert found.figure.value == pytest.approx(2 / 3)
    assert (found.figure.n, found.state) == (3, "passed")


def test_a_risk_class_without_a_row_is_named(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    settled_pair(everyday, people, prompt=make_prompt(slices={"risk": "medical"}))
    make_pair(everyday, prompt=make_prompt(slices={"risk": "financial"}))
    found = gate("slices", everyday)
    assert (found.figure.value, found.state) == (1, "failed")
    assert found.found == "No row is of the risk class financial."


def test_licences_that_are_missing_are_counted(any_moment: None, people: list[User]) -> None:
    half = settled_campaign("half", pairs=1)
    settled_pair(half, people, prompt=make_prompt(licence="CC0"))
    assert gate("licence", half).found == "The prompt of 1 row has no licence."


def test_labels_without_consent_are_counted(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    assert gate("consent", everyday).state == "unmeasured"
    text = consenting.publish(body="Your labels are published under a pseudonym.", by=None, at=NOW)
    consenting.say(user=people[0], text=text, given=True, at=NOW)
    found = gate("consent", everyday)
    assert (found.figure.value, found.state) == (12, "failed")
    assert found.found == "12 labels are by 1 of 2 people who have not agreed, or took it back."
    consenting.say(user=people[1], text=text, given=True, at=NOW)
    assert gate("consent", everyday).state == "passed"


def test_gold_is_answered_by_those_whose_labels_are_in_it(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    stranger = make_user("stranger")
    for number, (labeler, right) in enumerate([(people[0], True), (people[0], True), (people[1], False), (stranger, False)]):
        item = goldkeeping.make_gold(pair=make_pair(everyday, slots=0, prompt=make_prompt(f"Gold {number}?")), verdict="a", why="Clear.", actor=None, at=NOW)
        slot = make_slot(item.pair, kind=Slot.Kind.GOLD, labeler=labeler, reserved_for=labeler, gold_item=item, closed_at=NOW)
        make_label(item.pair, labeler, -1 if right else 1, slot=slot)
    found = gate("gold", everyday)
    assert found.figure.value == pytest.approx(2 / 3)
    assert found.figure.n == 3
    assert found.state == "failed"


def test_a_golden_pair_must_not_flip(version: DatasetVersion, everyday: Campaign, people: list[User]) -> None:
    row = version.rows.select_related("pair", "version__dataset").order_by("position")[0]
    assert row.pair.verdict == "a"
    gatekeeping.mark_golden(row, actor=None, why="The model case.", at=NOW)
    assert of(frozen(everyday), "golden").state == "passed"
    stand(row.pair, Resolution(Standing.AGREED, "b", 1.0))
    make_label(row.pair, make_user(), 2)
    flipped = frozen(everyday)
    assert (of(flipped, "golden").figure.value, of(flipped, "golden").state) == (1, "failed")
    gatekeeping.let_go(golden_pairs.marked(version.dataset)[0], actor=None, why="The rubric changed.", at=NOW)
    assert of(frozen(everyday), "golden").state == "passed"


def test_a_golden_pair_that_became_a_tie_has_flipped_too(version: DatasetVersion, everyday: Campaign) -> None:
    row = version.rows.select_related("pair", "version__dataset").order_by("position")[0]
    gatekeeping.mark_golden(row, actor=None, why="The model case.", at=NOW)
    stand(row.pair, Resolution(Standing.AGREED, "tie", 0.0))
    assert of(frozen(everyday), "golden").figure.value == 1


def test_a_split_without_rows_is_named(any_moment: None) -> None:
    one = settled_campaign("one", pairs=1)
    found = gate("splits", one)
    assert not found.passed
    assert found.found in ("No row fell into validation.", "No row fell into train.")


def test_the_previous_version_stands_beside_it(version: DatasetVersion, everyday: Campaign) -> None:
    measuring.measure(version, at=NOW)
    assert of(version, "agreement").before == ""
    assert of(frozen(everyday), "agreement").before == "100\u00a0%"


def test_flags_in_texts_wait_for_a_decision(any_moment: None, everyday: Campaign, people: list[User], olga: User) -> None:
    settled_pair(everyday, people, prompt=make_prompt("I am jo@firma.de. Which knot holds?"))
    version = frozen(everyday)
    checking.check(version, at=NOW)
    assert (of(version, "texts").figure.value, of(version, "texts").state) == (1, "failed")
    kind = version.flags.get().kind
    checking.decide(version=version, kind=kind, row=None, leave_out=False, reason="An address that everybody knows.", actor=olga, at=NOW)
    assert of(version, "texts").state == "passed"


def test_thresholds_are_the_datasets_own(version: DatasetVersion, olga: User) -> None:
    measuring.measure(version, at=NOW)
    gatekeeping.set_threshold(version.dataset, "licence", Threshold(high=20), actor=olga, reason="Ours, all of them.", at=NOW)
    assert of(version, "licence").state == "passed"
    gatekeeping.set_threshold(version.dataset, "licence", Threshold(high=3), actor=olga, reason="Three are known.", at=NOW)
    found = of(version, "licence")
    assert (found.state, found.asks) == ("failed", "at most 3")


@pytest.mark.parametrize(
    ("key", "asks", "reason", "said"),
    [
        ("nothing", Threshold(low=1), "Because.", "no gate 'nothing'"),
        ("agreement", Threshold(), "Because.", "the least or the most"),
        ("agreement", Threshold(low=0.9, high=0.1), "Because.", "cannot be more"),
        ("agreement", Threshold(low=0.9), " ", "Say why"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(key: str, asks: Threshold, reason: str, said: str, version: DatasetVersion) -> None:
    with pytest.raises(gatekeeping.NotPossible, match=said):
        gatekeeping.set_threshold(version.dataset, key, asks, actor=None, reason=reason, at=NOW)
    assert not version.dataset.thresholds.exists()


def test_the_gates_of_many_versions_cost_as_many_queries_as_of_one(
    version: DatasetVersion, everyday: Campaign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    frozen(everyday)
    versions = list(version.dataset.versions.select_related("dataset"))
    with django_assert_num_queries(7):
        gates.check_all(versions[:1])
    with django_assert_num_queries(7):
        gates.check_all(versions)


def test_sides_are_not_asked_of_labels_that_were_all_made_elsewhere(any_moment: None, everyday: Campaign, olga: User) -> None:
    """They cannot be known: it says so, blocks nothing, and does not pass either."""
    left = gate("left", everyday)
    assert (left.state, left.passed, left.blocks) == ("not applicable", False, False)
    assert "made elsewhere" in left.found
    with pytest.raises(gatekeeping.NotPossible, match="nothing to waive"):
        gatekeeping.waive(DatasetVersion.objects.get(), "left", actor=olga, reason="No need.", at=NOW)


def test_sides_are_asked_for_where_one_label_was_made_here(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    """The negative control, and what else cannot be measured of imported labels still blocks: a file may bring gold, and somebody answers for consent."""
    sided_label(everyday, people[0], left_was_a=True)
    version = frozen(everyday)
    found = {key: of(version, key).state for key in ("left", "gold", "consent")}
    assert found["left"] in ("passed", "failed")
    assert (found["gold"], found["consent"]) == ("unmeasured", "unmeasured")


def sided_label(campaign: Campaign, labeler: User, *, left_was_a: bool, source: str = Label.Source.DESK) -> None:
    """An agreed pair by one label that says A and knows where A stood."""
    pair = make_pair(campaign, slots=0)
    slot = make_slot(pair, labeler=labeler, closed_at=NOW)
    shown = Assignment.objects.create(slot=slot, pair=pair, labeler=labeler, rubric_version=pair.rubric_version, left_is_a=left_was_a, leased_at=timezone.now())
    make_label(pair, labeler, -2, slot=slot, source=source, assignment=shown, left_was_a=left_was_a)
    stand(pair, Resolution(Standing.AGREED, "a", -2.0))
