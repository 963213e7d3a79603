"""What looks like personal data is found, what only looks a little like it is not, and no text takes long."""

from __future__ import annotations

import time

import pytest

from exports.privacy import KINDS, personal_data


def found(text: str) -> list[tuple[str, str]]:
    return [(match.kind, text[match.start : match.end]) for match in personal_data(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jo.doe+x@mail.firma.de.", [("email", "jo.doe+x@mail.firma.de")]),
        ("Call +49 30 901820 now", [("phone", "+49 30 901820")]),
        ("(415) 555-2671, or 415-555-2671", [("phone", "(415) 555-2671"), ("phone", "415-555-2671")]),
        ("DE89 3704 0044 0532 0130 00, please", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("card 4111 1111 1111 1111.", [("card", "4111 1111 1111 1111")]),
        ("from 8.8.8.8 to 2001:4860:4860::8888", [("ip", "8.8.8.8"), ("ip", "2001:4860:4860::8888")]),
        ("SSN 536-22-1234", [("national_id", "536-22-1234")]),
        ("NIF 12345678Z", [("national_id", "12345678Z")]),
        ("CF RSSMRA85T10A562S", [("national_id", "RSSMRA85T10A562S")]),
        ("CPF 390.533.447-05", [("national_id", "390.533.447-05")]),
    ],
)
def test_it_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected
    assert {kind for kind, _ in expected} <= set(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What is 12345678 + 1234567890?",
        "In 2019 - 2020 there were 1,234,567 of them.",
        "pi is 3.14159265358979, version 1.2.3.4567",
        "2023-11-14 10:22:33",
        "ISBN 978-3-16-148410-0",
        "ann@example.com, root@localhost.test",
        "192.168.0.1 and 127.0.0.1",
        "4111 1111 1111 1112",
        "DE89 3704 0044 0532 0130 01",
        "666-12-3456",
        "12345678A",
        "Der Preis ist 12.345.678 Euro",
    ],
)
def test_what_is_none_is_let_be(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("part", ["a.", "1 ", "1-", "A", "@a", ":a", "+1", "1.", "(1", "a@b.", "DE11 ", "\u0661 "])
def test_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    personal_data(part * (2**16 // len(part)))
    assert time.process_time() - began < 5
