"""A campaign moves to another version of its rubric while eight people submit. Real commits, each in a thread with a connection of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from accounts.models import User
from labeling import acknowledging, adjusting, assigning, campaigning, queue, settling, slotting, submitting
from labeling.models import Acknowledgement, Campaign, Label, Pair, Slot
from tests.builders import NOW, make_campaign, make_pair, make_rubric_version, make_user
from tests.labeling.moments import at_once
from tests.labeling.places import check_places

pytestmark = pytest.mark.commits

LABELERS, PAIRS = 8, 40


@pytest.fixture
def campaign(committed_db: str) -> Campaign:
    labelers = tuple(make_user(f"labeler{number}") for number in range(LABELERS))
    campaign = make_campaign("evening", overlap=3, labelers=labelers)
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="Be short.")
    slotting.make_slots([make_pair(campaign, slots=0) for _ in range(PAIRS)], campaign)
    return campaign


def fresh() -> Campaign:
    return Campaign.objects.get()


def label_all(labeler: User, *, reads: bool) -> None:
    """Ask and answer until nothing is left, as a desk does; and where something is to be read first, read it or go home."""
    while True:
        campaign = fresh()
        if assignment := assigning.next_for(campaign, labeler, at=NOW):
            is_taken(assignment.key, partial(submitting.submit_label, assignment=assignment, preference=-1))
        elif reads and (unread := acknowledging.unread(campaign, labeler)):
            acknowledging.acknowledge(campaign, labeler, number=unread.new.number, at=NOW)
        else:
            return


def is_taken(key: uuid.UUID, submit: Callable[..., Label]) -> bool:
    try:
        submit(submission_key=key, at=NOW)
    except submitting.NotAcknowledged:
        return False
    return True


def move(*, begun: str) -> None:
    campaigning.change(campaign=fresh(), said={"rubric_version": 2, "begun": begun, "gold": "keep"}, actor=None, at=NOW)


def unread_labels() -> set[tuple[int, int]]:
    """Labelers and versions of labels that were stored though they had not acknowledged them."""
    stored = set(Label.objects.values_list("labeler", "rubric_version"))
    return stored - set(Acknowledgement.objects.values_list("labeler", "rubric_version"))


def people() -> list[User]:
    return list(User.objects.order_by("pk"))


@pytest.mark.parametrize("begun", ["anew", "settle"])
def test_no_label_is_under_a_version_that_its_labeler_has_not_acknowledged(campaign: Campaign, monkeypatch: pytest.MonkeyPatch, begun: str) -> None:
    """Half of them read what changed, the other half go home. The move goes through the pairs in small steps, people in between."""
    monkeypatch.setattr(adjusting, "CHUNK", 5)
    acts = [partial(label_all, labeler, reads=number % 2 == 0) for number, labeler in enumerate(people())]
    at_once(*acts, partial(move, begun=begun))
    assert unread_labels() == set()
    assert not Slot.objects.open().exclude(rubric_version=fresh().rubric_version).exists()
    assert {version for (version,) in Label.objects.counting().values_list("rubric_version").distinct()} <= set(
        Pair.objects.values_list("rubric_version", flat=True)
    )
    assigning.return_expired(at=NOW + timedelta(hours=1))  # of those who went home with a pair on the screen
    for labeler in people()[::2]:
        label_all(labeler, reads=True)
    assert not Pair.objects.filter(standing="waiting").exists()
    assert list(settling.differences()) == []
    check_places(campaign)


def test_what_is_on_eight_screens_stays_there(campaign: Campaign) -> None:
    held = [assigning.next_for(campaign, labeler, at=NOW) for labeler in people()]
    move(begun="anew")
    for labeler, before in zip(people(), held, strict=True):
        assert before
        assert not is_taken(before.key, partial(submitting.submit_label, assignment=before, preference=1))
        acknowledging.acknowledge(fresh(), labeler, number=2, at=NOW)
        again = assigning.next_for(fresh(), labeler, at=NOW)
        assert again
        assert (again.pair_id, again.rubric_version.number) == (before.pair_id, 2)
    assert unread_labels() == set()


def test_without_the_look_at_the_ledger_a_label_gets_through(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a request that leased under the new version before its labeler had read it, and the statement without its EXISTS."""
    labeler = people()[0]
    assigning.enrol(campaign, labeler, at=NOW)
    move(begun="anew")
    monkeypatch.setattr(queue, "SEARCH", queue.SEARCH.replace("labeler_id = %(labeler)s AND rubric_version_id =", "labeler_id = %(labeler)s AND 0 <"))
    assignment = assigning.next_for(fresh(), labeler, at=NOW)
    assert assignment
    submit = partial(submitting.submit_label, assignment=assignment, preference=1)
    assert not is_taken(uuid.uuid4(), submit)
    monkeypatch.setattr(submitting, "IN_OWN_PLACE", submitting.IN_OWN_PLACE.replace(submitting.ACKNOWLEDGED, "true"))
    assert is_taken(uuid.uuid4(), submit)
    assert unread_labels() == {(labeler.pk, assignment.rubric_version_id)}
