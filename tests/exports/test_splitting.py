"""Families and splits in a dataset: drawn once, never moved, and nothing that is alike lies in two splits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from exports import leakage, publishing, sketching
from exports.models import Dataset, DatasetRow, DatasetVersion, FamilyMember, Sketch
from labeling.models import Campaign, GoldItem, Pair
from policies.models import Prompt
from tests.builders import NOW, make_campaign, make_prompt, make_user
from tests.exports.settled import order, settled_pair, spread

WORDS = "river stone garden window copper lantern meadow thunder pocket silver basket harbour winter candle orchard feather bridge mirror valley"
SHARES = {"train": 0.5, "test": 0.5}
SPEECH = "Explain in plain words, for somebody who has never cooked, how a sourdough starter is kept alive over a long cold winter"


@pytest.fixture
def people(db: None) -> Sequence[User]:
    return make_user(), make_user()


@pytest.fixture
def campaign(any_moment: None, people: Sequence[User]) -> Campaign:
    return make_campaign("spring", labelers=tuple(people))


def long_text(chance: random.Random, words: int = 30) -> str:
    return " ".join(chance.choice(WORDS.split()) + str(chance.randrange(100)) for _ in range(words))


def pair_on(campaign: Campaign, people: Sequence[User], text: str = "", **fields: Any) -> Pair:
    return settled_pair(campaign, people, prompt=make_prompt(text, **fields))


def freeze(campaign: Campaign, **fields: object) -> DatasetVersion:
    return publishing.publish(order(campaign, **{"shares": SHARES, **fields}))  # type: ignore[arg-type]


def split_of(version: DatasetVersion, pair: Pair) -> str | None:
    return version.rows.filter(pair=pair).values_list("split", flat=True).first()


def test_near_duplicates_go_together(campaign: Campaign, people: Sequence[User]) -> None:
    pairs = [pair_on(campaign, people, f"{SPEECH}{end}") for end in ("", ", please", "? Thanks!", " in Norway")]
    version = freeze(campaign)
    assert len({split_of(version, pair) for pair in pairs}) == 1
    assert version.rows.values("family").distinct().count() == 1


@pytest.mark.parametrize("how", ["opening", "slice"])
def test_parts_of_one_conversation_go_together(campaign: Campaign, people: Sequence[User], how: str) -> None:
    first = [{"role": "user", "content": SPEECH}]
    later = [*first, {"role": "assistant", "content": "Feed it."}, {"role": "user", "content": "How often should that be done, and at what hour of the day?"}]
    if how == "opening":
        pairs = [settled_pair(campaign, people, prompt=make_prompt(messages=messages)) for messages in (first, later)]
    else:
        texts = [long_text(random.Random(number)) for number in range(6)]
        pairs = [pair_on(campaign, people, text, slices={"conversation": "7"}, source="wild") for text in texts]
    version = freeze(campaign)
    assert len({split_of(version, pair) for pair in pairs}) == 1


def test_a_family_stays_where_it_is_whatever_comes(campaign: Campaign, people: Sequence[User]) -> None:
    before = [pair_on(campaign, people, long_text(random.Random(number))) for number in range(12)]
    first = freeze(campaign)
    for number in range(12):
        pair_on(campaign, people, long_text(random.Random(number)) + " once more")
    second = freeze(campaign)
    assert second.rows_count == 24
    for pair in before:
        assert split_of(second, pair) == split_of(first, pair)
    assert leakage.measure(second).total == 0


def test_a_bridge_is_left_out_and_counted(campaign: Campaign, people: Sequence[User]) -> None:
    sides = [pair_on(campaign, people, long_text(random.Random(number)), slices={"conversation": str(number)}, source="wild") for number in range(12)]
    first = publishing.publish(spread(order(campaign, shares=SHARES)))
    of_train = next(pair for pair in sides if split_of(first, pair) == "train")
    of_test = next(pair for pair in sides if split_of(first, pair) == "test")
    # Its text is like one, and it was cut from the other's conversation.
    bridge = pair_on(campaign, people, of_train.prompt.messages[0]["content"] + " indeed", slices=of_test.prompt.slices, source="wild")
    beside = pair_on(campaign, people, long_text(random.Random(77)), slices=of_test.prompt.slices, source="wild")
    second = freeze(campaign)
    assert split_of(second, bridge) is None
    assert second.manifest["counts"]["left_out"]["bridge"] == 1
    assert split_of(second, beside) == "test"
    assert [split_of(second, pair) for pair in (of_train, of_test)] == ["train", "test"]
    assert leakage.measure(second).total == 0


def test_what_is_new_at_once_is_placed_alike_in_any_order(any_moment: None, people: Sequence[User]) -> None:
    """The same texts come in another order, into a dataset of the same salt."""
    texts = [f"{text}{end}" for number in range(6) for text in [long_text(random.Random(number))] for end in ("", " please", " at last")]
    placed = []
    for seed, name in enumerate(("helpfulness", "again")):
        Dataset.objects.create(name=name, salt="fixed", secret="00", shares=SHARES, created_at=NOW)
        campaign = make_campaign(name, labelers=tuple(people))
        for text in random.Random(seed).sample(texts, len(texts)):
            pair_on(campaign, people, text)
        rows = freeze(campaign, dataset=name).rows.select_related("prompt")
        placed.append({row.prompt.messages[0]["content"]: (row.family, row.split) for row in rows})
    assert placed[0] == placed[1]
    assert len({family for family, _ in placed[0].values()}) == 6


def test_nobody_planted_near_another_is_in_another_split(campaign: Campaign, people: Sequence[User]) -> None:
    chance = random.Random(9)
    originals = [long_text(chance) for _ in range(40)]
    kin = {place: " ".join(["so", *originals[place].split()[1:]]) for place in chance.sample(range(40), 20)}
    pairs = {text: pair_on(campaign, people, text) for text in chance.sample([*originals, *kin.values()], 60)}
    version = freeze(campaign)
    split = {text: split_of(version, pair) for text, pair in pairs.items()}
    assert all(split[originals[place]] == split[other] for place, other in kin.items())
    assert set(split.values()) == {"train", "test"}
    assert leakage.measure(version) == leakage.Leakage(between_splits=0, same_text=0, gold=0, never_compared=0)


# Leakage is measured, not trusted


def torn(campaign: Campaign, people: Sequence[User], monkeypatch: pytest.MonkeyPatch) -> DatasetVersion:
    """A version frozen by somebody who looks for no relatives: every text is a family of its own."""
    for number in range(8):
        text = long_text(random.Random(number))
        for end in ("", " please", " at last"):
            pair_on(campaign, people, text + end)
    with monkeypatch.context() as patch:
        patch.setattr(sketching, "connections", lambda table: iter(()))
        version = freeze(campaign)
    Sketch.objects.update(cluster=None)
    sketching.cluster()
    return version


def test_the_measure_finds_what_a_careless_freeze_tears_apart(campaign: Campaign, people: Sequence[User], monkeypatch: pytest.MonkeyPatch) -> None:
    version = torn(campaign, people, monkeypatch)
    splits = {row.prompt.messages[0]["content"]: row.split for row in version.rows.select_related("prompt")}
    families = [[text + end for end in ("", " please", " at last")] for text in (long_text(random.Random(number)) for number in range(8))]
    expected = sum(3 for family in families if len({splits[text] for text in family}) > 1)
    assert expected > 0
    assert leakage.measure(version).between_splits == expected


def test_rows_that_share_a_text_across_splits_are_counted(campaign: Campaign, people: Sequence[User]) -> None:
    """A prompt that the other split has too, another one twice in a split, and a third one once."""
    once, twice, across = (make_prompt(long_text(random.Random(number))) for number in range(3))
    for prompt in (once, twice, twice, across, across, across):
        settled_pair(campaign, people, prompt=prompt)
    version = freeze(campaign, shares={"train": 1.0})
    assert leakage.measure(version).same_text == 0
    row, later = version.rows.filter(prompt=across)[0], settled_pair(campaign, people, prompt=across)
    DatasetRow.objects.bulk_create([DatasetRow(**{**values_of(row), "key": "another", "position": 7, "split": "test", "pair_id": later.pk})])
    assert leakage.measure(version).same_text == 4


def values_of(row: DatasetRow) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}


def test_gold_and_its_relatives_make_no_row_and_are_measured(campaign: Campaign, people: Sequence[User]) -> None:
    gold, kin, other = (pair_on(campaign, people, text) for text in (SPEECH, f"{SPEECH}, please", long_text(random.Random(1))))
    version = freeze(campaign, shares={"train": 1.0})
    assert version.rows_count == 3
    GoldItem.objects.create(pair=gold, verdict="a", why="Clear.", added_at=NOW)
    assert leakage.measure(version).gold == 2
    second = freeze(campaign)
    assert [split_of(second, pair) for pair in (gold, kin, other)] == [None, None, "train"]
    assert second.manifest["counts"]["left_out"] == {"gold": 1, "gold_family": 1}
    assert leakage.measure(second).total == 0


def test_what_nobody_compared_is_no_zero(campaign: Campaign, people: Sequence[User]) -> None:
    pair_on(campaign, people)
    version = freeze(campaign)
    Sketch.objects.update(cluster=None)
    assert leakage.measure(version).never_compared == version.rows_count


# Sketching


def clusters() -> dict[int, int | None]:
    return dict(Sketch.objects.values_list("prompt_id", "cluster"))


def test_twice_is_once(people: Sequence[User]) -> None:
    for number in range(5):
        make_prompt(long_text(random.Random(number)))
    assert (sketching.catch_up(), sketching.catch_up()) == (5, 0)
    assert clusters() == {pk: pk for pk in Prompt.objects.values_list("pk", flat=True)}


def test_prompts_that_come_by_and_by_end_in_the_clusters_of_all_at_once(people: Sequence[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketching, "CHUNK", 3)
    chance = random.Random(4)
    texts = [f"{text}{end}" for number in range(8) for text in [long_text(random.Random(number))] for end in ("", " yes", " yes indeed")]
    for text in chance.sample(texts, len(texts)):
        make_prompt(text)
        if chance.random() < 0.3:
            sketching.catch_up()
    sketching.catch_up()
    one_by_one = clusters()
    Sketch.objects.update(cluster=None)
    sketching.cluster()
    assert clusters() == one_by_one
    assert len(set(one_by_one.values())) == 8


def test_a_prompt_that_connects_two_clusters_joins_them(people: Sequence[User]) -> None:
    one, other = (make_prompt(long_text(random.Random(number)), slices={"conversation": str(number)}, source="wild") for number in range(2))
    sketching.catch_up()
    assert len(set(clusters().values())) == 2
    make_prompt(one.messages[0]["content"] + " so", slices=other.slices, source="wild")
    sketching.catch_up()
    assert set(clusters().values()) == {one.pk}


def test_the_ledger_of_families_is_only_added_to(campaign: Campaign, people: Sequence[User]) -> None:
    pair_on(campaign, people)
    freeze(campaign)
    for statement in ("UPDATE exports_familymember SET split = 'test'", "DELETE FROM exports_familymember", "TRUNCATE exports_familymember"):
        with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert FamilyMember.objects.count() == 1


def test_a_sketch_holds_no_text(people: Sequence[User]) -> None:
    prompt = make_prompt(SPEECH)
    sketching.catch_up()
    sketch = Sketch.objects.get(prompt=prompt)
    assert len(bytes(sketch.sketch)) == 250
    assert np.frombuffer(bytes(sketch.bands), np.uint32).size == 25
    assert b"sourdough" not in bytes(sketch.sketch) + bytes(sketch.bands)
