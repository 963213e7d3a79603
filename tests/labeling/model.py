"""What must come of what people do, told a second time: plain objects, no database, no shortcut.

The machine in `machine.py` does everything twice, by the product's stages and here, and holds the two against each other after every step. Where the
product may choose (which of several free places somebody gets), it is told to the model, which checks that it was one of those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

COUNTING = ("work", "escalation")
UNSETTLED, DECIDED = ("waiting", "contested"), ("adjudicated", "withdrawn")
LOTS_A_PERCENT = 100

ENOUGH = {
    "strict-majority/1": lambda votes, all_of_them: votes > all_of_them - votes,
    "two-thirds/1": lambda votes, all_of_them: votes >= 2 * (all_of_them - votes),
    "unanimous/1": lambda votes, all_of_them: votes == all_of_them,
}


@dataclass
class Entry:
    """A row of the label ledger. `preference` None: a retraction."""

    pk: int
    preference: int | None


@dataclass
class Place:
    """A slot. `pk` is 0 until the product has said which one it made."""

    pair: int
    kind: str
    pk: int = 0
    version: int = 1
    """Of the rubric: the number of the wording that it asks by."""
    reserved_for: int | None = None
    due: int = 0
    item: int | None = None
    left_is_a: bool | None = None
    holder: int | None = None
    lease: UUID | None = None
    ends: datetime | None = None
    is_closed: bool = False
    said: list[Entry] = field(default_factory=list)
    left_was_a: bool | None = None
    """What the labeler of the first entry saw: a late answer may come from another place of the pair."""
    was_skipped: bool = False

    @property
    def counts(self) -> bool:
        return self.kind in COUNTING

    @property
    def is_free(self) -> bool:
        return self.holder is None and not self.is_closed

    @property
    def is_held(self) -> bool:
        return self.lease is not None

    @property
    def preference(self) -> int | None:
        """What stands here now; None: nothing does."""
        return self.said[-1].preference if self.said else None

    @property
    def is_filled(self) -> bool:
        return self.preference is not None

    def free(self) -> None:
        self.holder = self.lease = self.ends = None

    def close(self) -> None:
        """With nobody in it."""
        self.free()
        self.is_closed = True

    def row(self) -> tuple[object, ...]:
        """As the product's row says it."""
        return self.pair, self.kind, self.version, self.reserved_for, self.item, self.holder, self.lease, self.is_closed, [entry.pk for entry in self.said]


@dataclass
class Pair:
    pk: int
    lot: int
    version: int = 1
    """The wording that it is judged by."""
    is_gold: bool = False
    """Now or once."""
    is_withdrawn: bool = False
    was_settled: bool = False
    """When it was withdrawn, and no label of it was taken back since."""
    rulings: list[int | None] = field(default_factory=list)
    skipped_by: set[int] = field(default_factory=set)
    parked_by: dict[int, datetime] = field(default_factory=dict)


@dataclass
class Item:
    """A gold item."""

    pk: int
    pair: int
    verdict: str
    allowed_use: str
    is_retired: bool = False


@dataclass
class Turn:
    """A contested pair before an adjudicator."""

    adjudicator: int
    pair: int
    ends: datetime
    is_ended: bool = False


@dataclass
class Labeler:
    pk: int
    state: str = ""
    """Empty: not enrolled."""
    served: int = 0
    rounds: int = 0
    read: int = 0
    """The wording that they acknowledged last; 0: they have not begun."""


def side_of(preference: int) -> str:
    return {-1: "a", 0: "tie", 1: "b"}[(preference > 0) - (preference < 0)]


@dataclass
class Model:
    pairs: dict[int, Pair]
    labelers: dict[int, Labeler]
    k: int
    version: int = 1
    """The wording that the campaign has."""
    share: int = 100
    bound: int = 0
    rule: str = "strict-majority/1"
    pass_mark: int = 75
    places: list[Place] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    turns: dict[UUID, Turn] = field(default_factory=dict)
    surplus: list[tuple[int, int, list[Entry]]] = field(default_factory=list)
    """Labels without a place: the pair, the labeler, and what superseded it."""

    # ---- what is there ---------------------------------------------------------------------------------------------

    def of(self, pair: int, *kinds: str) -> list[Place]:
        """Places of a pair: those that count, under the wording that it is judged by; others under any."""
        return [place for place in self.ever(pair, *kinds) if not place.counts or place.version == self.pairs[pair].version]

    def ever(self, pair: int, *kinds: str) -> list[Place]:
        return [place for place in self.places if place.pair == pair and place.kind in (kinds or COUNTING)]

    def known(self, pk: int) -> Place:
        return next(place for place in self.places if place.pk == pk)

    def held_by(self, labeler: int) -> list[Place]:
        return [place for place in self.places if place.holder == labeler and place.is_held]

    def planned(self, pair: Pair) -> int:
        return self.k if pair.lot < self.share * LOTS_A_PERCENT else 1

    def resolved(self, pair: Pair) -> tuple[str, str | None, float | None]:
        """The standing, the verdict and the margin."""
        if pair.is_withdrawn:
            return "withdrawn", None, None
        if pair.rulings:
            ruling = pair.rulings[0]
            return "adjudicated", None if ruling is None else side_of(ruling), ruling
        places = self.of(pair.pk)
        said = [place.preference for place in places if place.preference is not None]
        if not said or not all(place.is_closed for place in places):
            return "waiting", None, None
        for side in ("a", "b", "tie"):
            votes = sum(side_of(preference) == side for preference in said)
            if votes and ENOUGH[self.rule](votes, len(said)):
                return "agreed", side, sum(said) / len(said)
        return "contested", None, None

    def standing(self, pair: Pair) -> str:
        return self.resolved(pair)[0]

    # ---- places that open and close --------------------------------------------------------------------------------

    def open(self, pair: Pair, kind: str, number: int = 1, left_is_a: bool | None = None) -> None:
        self.places += [Place(pair.pk, kind, version=pair.version, left_is_a=left_is_a) for _ in range(number)]

    def lacking(self, pair: Pair) -> int:
        return max(0, self.planned(pair) - sum(not place.is_closed or place.is_filled for place in self.of(pair.pk, "work")))

    def further(self, pair: Pair) -> int:
        """Places beyond the planned ones that a pair has, or had filled, without those whose label was taken back."""
        return sum(not place.is_closed or place.is_filled for place in self.of(pair.pk, "escalation"))

    def conclude(self, pair: Pair) -> None:
        """Ask one more where the first disagree."""
        is_before_somebody = any(turn.pair == pair.pk and not turn.is_ended for turn in self.turns.values())
        is_asked = pair.version == self.version and not pair.is_gold and not is_before_somebody
        if self.standing(pair) == "contested" and is_asked and self.further(pair) < self.bound:
            self.open(pair, "escalation")

    def adjust(self, gone: set[int], *, by_rule: bool = False) -> None:
        """Bring every pair in line with the settings. `gone` are the places that the product closed: as many as are too many, and the right ones."""
        for pair in self.pairs.values():
            if pair.is_gold or pair.version != self.version or self.standing(pair) not in UNSETTLED:
                continue
            self.take_too_many(pair, gone, by_rule=by_rule)
            self.open(pair, "work", self.lacking(pair))
            self.conclude(pair)
        assert not gone, f"closed though they were not too many: {gone}"

    def take_too_many(self, pair: Pair, gone: set[int], *, by_rule: bool) -> None:
        work, further = ([place for place in self.of(pair.pk, kind) if not place.is_closed] for kind in COUNTING)
        over = max(0, len(work) + sum(place.is_filled for place in self.of(pair.pk, "work")) - self.planned(pair))
        too_many = max(0, self.further(pair) - self.bound)
        if by_rule and further and min(over, len(work)) == len(work) and self.settled_without(pair):
            too_many = len(further)
        self.take(work, over, gone)
        self.take(further, too_many, gone)

    def settled_without(self, pair: Pair) -> bool:
        """Whether what is in would settle the pair if it waited for nothing."""
        said = [side_of(place.preference) for place in self.of(pair.pk) if place.preference is not None]
        return any(ENOUGH[self.rule](said.count(side), len(said)) for side in set(said))

    def take(self, places: list[Place], number: int, gone: set[int]) -> None:
        """Close so many: free ones before those on a screen, those for anybody before those that are kept for somebody."""
        taken = [place for place in places if place.pk in gone]
        assert len(taken) == min(number, len(places)), (number, places, gone)
        left = [place for place in places if place not in taken]
        worth = [(place.is_held, place.reserved_for is not None) for place in taken]
        assert not left or not worth or max(worth) <= min((place.is_held, place.reserved_for is not None) for place in left)
        for place in taken:
            gone.remove(place.pk)
            place.close()

    def close_all(self, places: Iterable[Place]) -> None:
        for place in places:
            if not place.is_closed:
                place.close()

    # ---- another wording ---------------------------------------------------------------------------------------------

    def move(self, version: int, begun: str, gold: str, leases: dict[int, UUID | None]) -> None:
        """Put the campaign under another wording. `leases` are those by which people hold what they held before."""
        self.version = version
        for place in self.places:
            if not place.counts and not place.is_closed:
                self.reword_check(place, gold, leases)
        for item in self.items:
            item.is_retired |= gold == "retire"
        for pair in self.pairs.values():
            if not pair.is_gold and pair.version != version and self.standing(pair) in UNSETTLED:
                self.reword(pair, begun, leases)

    def reword_check(self, place: Place, gold: str, leases: dict[int, UUID | None]) -> None:
        if (place.kind == "repeat" and place.is_free) or (place.kind != "repeat" and gold == "retire" and (place.is_free or place.kind == "practice")):
            place.close()
            return
        place.version, place.lease = self.version, leases[place.pk]
        if gold == "retire" and place.kind == "gold":
            place.item = None

    def reword(self, pair: Pair, begun: str, leases: dict[int, UUID | None]) -> None:
        """Have a pair that is not settled settle by what is in, or go by the campaign's wording with its open places."""
        is_open = [place for place in self.of(pair.pk) if not place.is_closed]
        if begun == "settle" and any(place.is_filled for place in self.of(pair.pk)):
            self.close_all(is_open)
            return
        there = {place.holder for place in self.ever(pair.pk) if place.version == self.version and place.holder}
        pair.version = self.version
        for place in is_open:
            place.kind = "work"
            if place.holder in there:
                place.close()
            else:
                place.version, place.lease = self.version, leases.get(place.pk)

    # ---- who may have what -----------------------------------------------------------------------------------------

    def may_judge(self, pair: int, labeler: int) -> bool:
        """Whether the labeler may still have a place of a pair that counts."""
        return labeler not in self.pairs[pair].skipped_by and all(place.holder != labeler for place in self.of(pair))

    def may_take(self, place: Place, labeler: int) -> bool:
        """Whether the labeler may have a place of the general queue."""
        is_asked = place.counts and place.is_free and place.reserved_for is None and place.version == self.version
        return is_asked and self.may_judge(place.pair, labeler)

    def kept_for(self, labeler: Labeler) -> list[Place]:
        """Free places that wait for the labeler alone and suit their state, whenever they are due."""
        kept = [place for place in self.places if place.is_free and place.reserved_for == labeler.pk and place.version == self.version]
        suits = [place for place in kept if (place.kind == "practice") == (labeler.state == "practising")]
        return [place for place in suits if not place.counts or self.may_judge(place.pair, labeler.pk)]

    def choices(self, labeler: Labeler) -> list[Place]:
        """The places of which a labeler who has nothing on the screen must get one; none: they get nothing."""
        if labeler.state not in ("working", "practising"):
            return []
        not_parked = [place for place in self.places if labeler.pk not in self.pairs[place.pair].parked_by]
        due = [place for place in self.kept_for(labeler) if place.due <= labeler.served and place in not_parked]
        if due:
            return [min(due, key=lambda place: (place.due, place.pk))]
        if labeler.state == "working" and (general := [place for place in not_parked if self.may_take(place, labeler.pk)]):
            return general
        return self.put_aside(labeler)

    def put_aside(self, labeler: Labeler) -> list[Place]:
        """The places at the pair that was put aside the longest ago and has some."""
        kept = self.kept_for(labeler)
        parked = [pair for pair in self.pairs.values() if labeler.pk in pair.parked_by]
        for pair in sorted(parked, key=lambda pair: (pair.parked_by[labeler.pk], pair.pk)):
            open_to = [place for place in self.places if place.pair == pair.pk and (place in kept or self.may_take(place, labeler.pk))]
            if suits := [place for place in open_to if labeler.state == "working" or place.kind == "practice"]:
                return suits
        return []

    # ---- checks ----------------------------------------------------------------------------------------------------

    def may_check(self, item: Item, labeler: int, kind: str) -> bool:
        """Whether a gold item may be asked of a labeler: it is in use, for this, and they had its pair in no other way than as gold."""
        pair = self.pairs[item.pair]
        had = any(place.holder == labeler for place in self.ever(item.pair)) or any((of, by) == (item.pair, labeler) for of, by, _ in self.surplus)
        suits = item.allowed_use in ("both", {"gold": "check", "practice": "practice"}[kind])
        return suits and not item.is_retired and not pair.is_withdrawn and not had and labeler not in pair.skipped_by

    def may_repeat(self, repeat: Place) -> bool:
        """Whether a repeat shows its labeler a pair that they labeled, once more, on the other sides."""
        labeler, pair = repeat.reserved_for, self.pairs[repeat.pair]
        before = [place for place in self.of(repeat.pair) if place.holder == labeler and len(place.said) == 1]
        again = [place for place in self.of(repeat.pair, "repeat") if place.reserved_for == labeler]
        return not again and not pair.is_withdrawn and pair.version == self.version and any(place.left_was_a is not repeat.left_is_a for place in before)

    def round_of(self, labeler: Labeler) -> list[Place]:
        """The places of a labeler's last practice round."""
        places = [place for place in self.places if place.kind == "practice" and place.reserved_for == labeler.pk]
        return [place for place in places if place.due == max(place.due for place in places)]

    def answers_of_round(self, labeler: Labeler) -> list[bool]:
        """What was right in it. What was given back was not."""
        verdicts = {item.pk: item.verdict for item in self.items}
        answered = [place for place in self.round_of(labeler) if place.said or place.was_skipped]
        return [bool(place.said) and side_of(place.said[0].preference or 0) == verdicts[place.item or 0] for place in answered]

    # ---- labels ----------------------------------------------------------------------------------------------------

    def is_handed_over(self, place: Place, labeler: int, version: int) -> bool:
        """Whether what a labeler held by an assignment under one wording is theirs under another by now."""
        return place.is_held and place.holder == labeler and place.version != version

    def place_for(self, own: Place, key: UUID, labeler: int, version: int) -> Place | None:
        """Where an answer under a wording must go: its own place, else another one of its pair; None: it is surplus."""
        if own.lease == key or (own.is_free and own.reserved_for == labeler and own.version == version):
            return own
        there = [place for place in self.ever(own.pair) if place.version == version]
        if not own.counts or any(place.holder == labeler and place.is_closed for place in there):
            return None
        open_to = [place for place in there if not place.is_closed and place.reserved_for in (None, labeler) and place.holder in (None, labeler)]
        return min(open_to, key=lambda place: (place.holder is None, place.pk), default=None)

    def answer(self, pair: int, place: Place | None, labeler: int, entry: Entry, *, left_was_a: bool) -> None:
        if place is None:
            self.surplus.append((pair, labeler, [entry]))
            return
        place.free()
        place.holder, place.is_closed, place.left_was_a = labeler, True, left_was_a
        place.said.append(entry)
        if place.counts:
            self.conclude(self.pairs[place.pair])

    def retract(self, places: list[Place], pks: list[int]) -> None:
        """Take back what stands in these places."""
        pairs = {place.pair: self.pairs[place.pair] for place in places}
        wanting = {pk for pk, pair in pairs.items() if not pair.is_gold and self.standing(pair) not in DECIDED}
        for place, pk in zip(places, pks, strict=True):
            place.said.append(Entry(pk, None))
            pairs[place.pair].was_settled = False
        bare = [pairs[pk] for pk in wanting if pairs[pk].version != self.version and not any(place.is_filled for place in self.of(pk))]
        for pair in bare:
            pair.version = self.version
            self.open(pair, "work", self.lacking(pair))
        for place in places:
            pair = pairs[place.pair]
            if place.version != self.version:
                continue
            has_room = self.lacking(pair) if place.kind == "work" else self.bound - self.further(pair)
            if place.pair in wanting and has_room > 0:
                self.open(pair, place.kind, left_is_a=place.left_is_a)
        for pk in sorted(pairs):
            self.conclude(pairs[pk])

    def rows(self) -> dict[int, tuple[str, float, list[int]]]:
        """What a version would hold now, by pair: the verdict, the margin towards it, and the labels it rests on."""
        found = {}
        for pair in self.pairs.values():
            standing, verdict, margin = self.resolved(pair)
            if standing in ("agreed", "adjudicated") and verdict in ("a", "b") and not pair.is_gold:
                labels = sorted(place.said[-1].pk for place in self.of(pair.pk) if place.is_filled)
                found[pair.pk] = (verdict, (margin or 0.0) * (1 if verdict == "b" else -1), labels)
        return found
