"""People choose keys of their own for the desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling.keys import FOR_REASONS, KEYS, USUAL, Clash, checked, letters_for
from labeling.models import Campaign, KeyMap
from labeling.models.rubric import usual_reasons
from tests.builders import make_pair

As = Callable[[User], Client]


def sent(**chosen: str) -> dict[str, str]:
    usual = {f"key-{number}": key.usual for number, key in enumerate(KEYS)}
    return usual | {f"key-{number}": chosen[key.usual] for number, key in enumerate(KEYS) if key.usual in chosen}


def test_it_works(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign)
    as_(lena).post(reverse("set-keys"), sent(p="Ö", x="/"))
    assert KeyMap.objects.get().keys == {"p": "ö", "x": "/"}
    assert as_(lena).get(reverse("work", args=[campaign.slug])).context["card"].keys == '{"p": "ö", "x": "/"}'
    assert as_(otto).get(reverse("work", args=[campaign.slug])).context["card"].keys == "{}"
    as_(lena).post(reverse("set-keys"), {"usual": "yes"})
    assert KeyMap.objects.get().keys == {}


def test_keys_may_change_places(lena: User) -> None:
    assert checked({"p": "x", "x": "p"}) == {"p": "x", "x": "p"}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [({"p": "x"}, "X would do two things"), ({"p": "a"}, "kept for reasons"), ({"p": "ab"}, "one key"), ({"p": "\x07"}, "one key")],
    ids=["taken", "of a reason", "two keys", "no key"],
)
def test_a_clash_is_refused_and_what_was_chosen_is_shown_again(lena: User, as_: As, chosen: dict[str, str], says: str) -> None:
    with pytest.raises(Clash, match=says):
        checked(chosen)
    answer = as_(lena).post(reverse("set-keys"), sent(**chosen))
    assert (answer.status_code, KeyMap.objects.count()) == (422, 0)
    assert says in answer.content.decode()


def test_an_empty_field_is_the_usual_key() -> None:
    assert checked({"p": " "}) == {}


def test_no_control_has_the_key_of_a_reason() -> None:
    assert not USUAL & set(FOR_REASONS)
    assert [reason["letter"] for reason in usual_reasons()] == letters_for(reason["label"] for reason in usual_reasons())
