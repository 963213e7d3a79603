"""Records are stored in English and said again in their reader's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from exports import looked_through, measures, readings
from exports.templatetags.retold_gates import retold_gate
from labeling.templatetags.retold import retold


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("Chose the left side 9 of 12 times.", "Eligió el lado izquierdo 9 de 12 veces."),
        ("Chose the right side at strength 2 12 times in a row.", "Eligió el lado derecho con fuerza 2 12 veces seguidas."),
        ("passed practice: 4 of 5 items right in round 1", "superó la práctica: 4 de 5 elementos, aciertos en la ronda 1"),
        ("keep the labels, after a look at: too fast to have read", "conservar las etiquetas, tras mirar: demasiado rápido para haber leído"),
        ("tokens revoked: 2, pairs freed: 1", "tokens revocados: 2, pares liberados: 1"),
        ("invited as Ana", "por invitación como Ana"),
        ("They asked me to, by hand.", "They asked me to, by hand."),
        ("", ""),
    ],
)
def test_it_works(stored: str, told: str) -> None:
    assert retold(stored) == stored
    with translation.override("es"):
        assert retold(stored) == told


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("at least 60.5\u00a0%", "al menos 60,5\u00a0%"),
        ("The prompt of 12,345 rows has no licence.", "El prompt de 12\u00a0345 filas no tiene licencia."),
        ("An adjudicator settled 1 of 7 rows.", "Un adjudicador resolvió 1 de 7 filas."),
        ("60.3 to 83.4\u00a0%", "60,3 a 83,4\u00a0%"),
    ],
)
def test_counts_and_figures_are_written_as_the_reader_writes_them(stored: str, told: str) -> None:
    with translation.override("es"):
        assert retold_gate(stored) == told


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("It held a person's labels that were erased", "Contenía etiquetas de una persona que se borraron"),
        ("3 workers ended while they wrote it.", "3 workers terminaron mientras lo escribían."),
        ("Version 2 is withdrawn: only a released one is pushed.", "Estado de la versión 2: retirado. Solo se envía una publicada."),
        (
            "Version 2 is frozen: only a released one is pushed. While it was being sent: commit 7f stands in a/b without a tag, remove it there.",
            "Estado de la versión 2: congelada. Solo se envía una publicada. Mientras se enviaba: el commit 7f está en a/b sin etiqueta, elimínelo allí.",
        ),
        ("http://hub did not answer as a hub does: it gives no reason", "http://hub no respondió como lo hace un hub: no da ningún motivo"),
        ("pair 17 cannot be written: its sides are equal", "el par 17 no puede escribirse: sus lados son iguales"),
        ("[Errno 28] No space left on device", "[Errno 28] No space left on device"),
    ],
)
def test_why_a_worker_gave_up_is_told(stored: str, told: str) -> None:
    with translation.override("es"):
        assert retold_gate(stored) == told


def sentences_in(module: object) -> Iterator[str]:
    """Yield what a module's source may say of a gate, as far as it is without figures."""
    source = Path(str(getattr(module, "__file__"))).read_text()  # noqa: B009 - a module has a file
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docs else ""
        if said.endswith(".") and said[:1].isupper() and " " in said and "\n" not in said:
            yield said


@pytest.mark.parametrize("module", [measures, readings, looked_through])
def test_what_gates_say_is_known(module: object) -> None:
    said = list(sentences_in(module))
    assert said
    with translation.override("es"):
        assert [words for words in said if retold_gate(words) == words] == []


@pytest.mark.parametrize("said", ["First one to train on.", "at most a pilot", "From 3 to many.", "at least it reads well"])
def test_what_people_write_is_left_as_they_wrote_it(said: str) -> None:
    with translation.override("es"):
        assert retold_gate(said) == said
