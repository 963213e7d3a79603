"""Prompts with the same normalised text are one family; only the same bytes have the same content hash."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import families

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
prompts = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": texts}), min_size=1, max_size=3)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_it_works() -> None:
    assert families.normalised(user("  What IS\n\n 2 + 2? ")) == "user\x1fwhat is 2 + 2"
    assert families.family_key(user("What is 2 + 2?")) == families.family_key(user("what is  2 + 2"))
    assert families.family_key(user("What is 2 + 2?")) != families.family_key(user("What is 2 + 3?"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
        ("ＡＢＣ １２３", "abc 123"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202etext\u202c", "text"),
        ("tab\tand\u00a0space", "tab and space"),
        ("¿Qué hora es?", "qué hora es"),
        ("„Sag mir, wie.“", "sag mir, wie"),
        ("ﬁnd", "find"),
    ],
)
def test_texts_that_read_the_same_are_one_family(one: str, other: str) -> None:
    assert families.family_key(user(one)) == families.family_key(user(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (user("a b"), user("ab")),
        (user("a, b"), user("a b")),
        (user("résumé"), user("resume")),
        (user("???"), user("!!!")),
        (user("hello"), [{"role": "system", "content": "hello"}]),
        ([*user("a"), *user("b")], user("a\x1euser\x1fb")),
        ([*user("a"), *user("b")], [*user("b"), *user("a")]),
    ],
)
def test_texts_that_read_differently_are_not(one: list[dict[str, str]], other: list[dict[str, str]]) -> None:
    assert families.family_key(one) != families.family_key(other)


@given(texts)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert families.plain(families.plain(text)) == families.plain(text)


@given(texts)
def test_normal_forms_of_one_text_are_one_family(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert families.family_key(user(unicodedata.normalize(form, text))) == families.family_key(user(text))


@given(prompts, prompts)
def test_the_content_hash_is_equal_for_equal_messages_only(one: list[dict[str, str]], other: list[dict[str, str]]) -> None:
    assert (families.content_hash(one) == families.content_hash(other)) == (one == other)
    assert families.content_hash([dict(reversed(message.items())) for message in one]) == families.content_hash(one)


def test_the_content_hash_is_that_of_the_canonical_json() -> None:
    canonical = '[{"content":"Füße\\n\u2028","role":"user"}]'
    assert families.content_hash(user("Füße\n\u2028")) == hashlib.sha256(canonical.encode()).hexdigest()


def test_one_other_byte_is_another_content_hash_and_the_same_family() -> None:
    assert families.content_hash(user("Hello")) != families.content_hash(user("Hello "))
    assert families.family_key(user("Hello")) == families.family_key(user("Hello "))


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        families.content_hash(user("\ud800"))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        families.family_key(user("\ud800"))


def test_keys_do_not_change_between_releases() -> None:
    # A key that changes moves prompts between splits: these are for ever.
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Wie groß ist der Mond?"}]
    assert families.family_key(messages) == "75a10ba281a4dea010d58bb0edfdbc7ad930813d6394421dc0300a6d6834554d"
    assert families.content_hash(messages) == "a0622b36caec44b00079eeebdb1857543752a090314f48b6421de2e0fb4f5fa6"
