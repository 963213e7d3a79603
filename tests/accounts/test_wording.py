"""Reasons that are raised where no language is known."""

from __future__ import annotations

import pytest
from django.utils import translation

from accounts.marking import Worded
from accounts.wording import told
from exports.choices import Choice, slices_named
from exports.formats import FormatError


def test_it_works() -> None:
    with pytest.raises(Worded) as refusal:
        slices_named(["language"])
    assert str(refusal.value) == told(refusal.value) == "A slice reads name=value, not 'language'."
    with translation.override("es"):
        assert told(refusal.value) == "Un segmento se escribe nombre=valor, no 'language'."
        assert str(refusal.value) == "A slice reads name=value, not 'language'."


def test_a_reason_within_a_reason_is_said_too() -> None:
    refusal = FormatError("pair {pair} cannot be written: {why}", pair="17", why="its sides are equal")
    with translation.override("es"):
        assert told(refusal) == "el par 17 no puede escribirse: sus lados son iguales"


def test_numbers_stay_numbers() -> None:
    with pytest.raises(Worded) as refusal:
        Choice(least_strength=9)
    with translation.override("es"):
        assert told(refusal.value) == "La fuerza mínima es un margen, de 0 a 3."
