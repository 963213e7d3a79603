"""Prompt families, and where they go: nothing that is kept lies in two splits and is alike."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import families, nearness
from exports.families import Text, UnionFind, place

SKETCHES = dict(enumerate(nearness.sketches([f"{number}: " + "".join(random.Random(number).choices("abcdefghij ", k=80)) for number in range(12)])))


def text(key: str, *, opening: int = 0, sketch: int = 0, split: str = "", family: str = "", conversations: tuple[int, ...] = ()) -> Text:
    """A text that is unlike all others but for what is given."""
    return Text(
        key=key,
        sketch=SKETCHES[sketch].tobytes(),
        openings=frozenset([opening or hash(key)]),
        conversations=frozenset(conversations),
        family=family or (key if split else ""),
        split=split,
    )


def drawn(family: str) -> str:
    return "train" if families.short_hash(family) % 2 else "test"


@pytest.mark.parametrize("shared", [{"opening": 7}, {"conversations": (7,)}, {"sketch": 0}])
def test_a_relative_goes_where_its_family_is(shared: dict[str, object]) -> None:
    held = text("a", split="test", **{"sketch": 1, **shared})  # type: ignore[arg-type]
    found = place([held, text("b", **{"sketch": 2, **shared})], drawn)  # type: ignore[arg-type]
    assert found.placed == {"b": ("a", "test")}
    assert not found.bridges


def test_a_bridge_is_left_out_and_what_hangs_on_one_side_is_not() -> None:
    texts = [
        text("train", sketch=1, split="train", conversations=(1,)),
        text("test", sketch=2, split="test", conversations=(2,)),
        text("bridge", sketch=3, conversations=(1, 2)),
        text("kin of train", sketch=4, conversations=(1,)),
        text("kin of the bridge", sketch=5, conversations=(3,)),
    ]
    found = place(texts, drawn)
    assert found.bridges == {"bridge"}
    assert found.placed["kin of train"] == ("train", "train")
    assert found.placed["kin of the bridge"] == ("kin of the bridge", drawn("kin of the bridge"))


def test_two_who_bridge_together_are_both_left_out() -> None:
    texts = [
        text("train", sketch=1, split="train", conversations=(1,)),
        text("test", sketch=2, split="test", conversations=(2,)),
        text("left", sketch=3, conversations=(1, 3)),
        text("right", sketch=4, conversations=(2, 3)),
    ]
    assert place(texts, drawn).bridges == {"left", "right"}


def test_a_cluster_too_large_to_compare_takes_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "MOST_COMPARED", 1)
    found = place([text("a", sketch=1, split="train"), text("b", sketch=1)], drawn)
    assert (found.placed, found.bridges) == ({}, {"b"})


people = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(["", "", "train", "test"]), st.frozensets(st.integers(1, 6), max_size=3)), min_size=1, max_size=9
)


@given(people, st.randoms(use_true_random=False))
def test_nothing_that_is_kept_has_a_relative_in_another_split_and_the_order_does_not_matter(
    drawn_texts: list[tuple[int, str, frozenset[int]]], chance: random.Random
) -> None:
    texts = [text(f"k{n}", sketch=sketch, split=split, conversations=tuple(marks)) for n, (sketch, split, marks) in enumerate(drawn_texts)]
    found = place(texts, drawn)
    turned = place(chance.sample(texts, len(texts)), drawn)
    assert (turned.placed, turned.bridges) == (found.placed, found.bridges)
    new = {one.key for one in texts if not one.split}
    assert set(found.placed) | found.bridges == new
    assert not set(found.placed) & found.bridges
    split = {one.key: one.split for one in texts if one.split} | {key: where for key, (_, where) in found.placed.items()}
    near = families.relatives(texts)
    for one, mine in enumerate(texts):
        for other in families.neighbours(near, one):
            theirs = texts[other]
            if {mine.key, theirs.key} <= set(split) and new & {mine.key, theirs.key}:
                assert split[mine.key] == split[theirs.key]


def test_a_family_says_for_which_key_its_split_was_drawn() -> None:
    texts = [text(key, sketch=1) for key in "cab"]
    assert set(place(texts, drawn).placed.values()) == {("a", drawn("a"))}


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_sets_are_named_by_their_least_member(n: int, joined: list[tuple[int, int]]) -> None:
    sets = UnionFind(np.arange(n))
    expected = list(range(n))
    for one, other in ((one % n, other % n) for one, other in joined):
        sets.join(one, other)
        low, high = sorted((expected[one], expected[other]))
        expected = [low if name == high else name for name in expected]
    assert sets.roots().tolist() == expected
    assert [sets.find(one) for one in range(n)] == expected


def test_conversations_that_begin_alike_have_one_opening() -> None:
    first = [{"role": "user", "content": "Hello  THERE!"}]
    longer = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello there"}, {"role": "assistant", "content": "Hi."}, *first]
    assert families.opening_of(first) == families.opening_of(longer)
    assert families.opening_of(first) != families.opening_of([{"role": "user", "content": "Good bye"}])


def test_a_conversation_is_one_of_its_source() -> None:
    assert families.conversation_of({}, "wild") is None
    assert families.conversation_of({"conversation": "7"}, "wild") != families.conversation_of({"conversation": "7"}, "tame")
