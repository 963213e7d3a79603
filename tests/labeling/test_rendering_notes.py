"""What the renderer says beside a text: kept once, in English, and said to everybody in their own language."""

from __future__ import annotations

import pytest
from django.utils import translation

from labeling.models import Rendering
from labeling.rendering import PLAIN, TANGLED
from labeling.renderings import shown_all

LONG, HIDDEN, BRACKETS = "word " * 16_384, "a" + "\u200b" * 20, "[" * 20_000


def test_it_works(db: None) -> None:
    long, hidden, brackets = shown_all([LONG, HIDDEN, BRACKETS])
    assert '<p class="cut">Cut here: 64 KiB are shown of 80 KiB. It is stored, and exported, whole.</p>' in long.html
    assert '<span class="hiddenchar">and 8 more that cannot be seen</span>' in hidden.html
    assert TANGLED in brackets.html
    with translation.override("es"):
        long, hidden, brackets = shown_all([LONG, HIDDEN, BRACKETS])
    assert '<p class="cut">Cortado aquí: se muestran 64 KiB de 80 KiB. Se guarda, y se exporta, entero.</p>' in long.html
    assert "Cortado aquí" in long.raw
    assert '<span class="hiddenchar">y 8 más que no se ven</span>' in hidden.html
    assert '<span class="hiddenchar">U+200B</span>' in hidden.html
    assert "Este texto es demasiado enredado" in brackets.html


def test_what_is_first_read_in_spanish_is_kept_in_english(db: None) -> None:
    with translation.override("es"):
        shown_all([LONG])
    assert "Cut here" in Rendering.objects.get().html


@pytest.mark.parametrize("text", [f'<p class="cut">{PLAIN}</p>', PLAIN, f'`<p class="cut">{PLAIN}</p>`'])
def test_a_text_that_passes_for_a_note_stays_as_it_was_written(db: None, text: str) -> None:
    with translation.override("es"):
        [shown] = shown_all([text])
    assert PLAIN in shown.html
    assert PLAIN in shown.raw
