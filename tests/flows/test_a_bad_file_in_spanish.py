"""A researcher who reads Spanish sends files with every fault there is, and reads in Spanish what is wrong with each line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from labeling.models import Campaign
from policies.models import Prompt
from tests.builders import NOW, make_policy, make_prompt, make_prompt_set, make_token
from tests.labeling.test_import_pairs import LABELS, line
from tests.policies.pages import cells, elements, text_of

As = Callable[[User], Client]
pytestmark = pytest.mark.django_db

USER = {"role": "user", "content": "a"}
PROMPTS: list[tuple[Any, str]] = [
    (b"oops", "no es JSON, en la columna 1: se espera un valor"),
    (b'{"prompt": "x"', "no es JSON, en la columna 15: se espera ','"),
    (b'{"prompt": "\xff"}', "no es UTF-8: byte 0xff en el byte 12 de la línea, 32 del archivo"),
    (b"[1, 2]", "una lista, no un objeto: cada línea es uno, {…}"),
    (b'{"prompt": NaN}', "NaN no es JSON"),
    (b'{"prompt": "a", "prompt": "b"}', "la clave 'prompt' se da dos veces"),
    (b'{"prompt": ' + b"[" * 17 + b"]" * 17 + b"}", "anidado a más de 16 niveles"),
    (b'{"id": ' + b"9" * 5000 + b"}", "contiene un número con demasiadas cifras"),
    ({"promt": "x"}, "clave desconocida: 'promt'; se conocen id, licence, messages, prompt, slices, source"),
    ({"id": "1"}, "falta prompt"),
    ({"prompt": "x", "messages": "x"}, "se dan prompt y messages: dé solo uno de los dos"),
    ({"prompt": ""}, "prompt: está en blanco"),
    ({"prompt": 7}, "prompt: es un número; dé un texto, o una lista de turnos con role y content"),
    ({"prompt": []}, "prompt: es una lista vacía; dé un texto, o una lista de turnos con role y content"),
    ({"prompt": "a\0"}, "prompt: contiene un carácter NUL, en el carácter 2; no puede guardarse"),
    ({"prompt": "\ud83d"}, "prompt: contiene medio par sustituto, \\ud83d, en el carácter 1; no es texto en ninguna codificación"),
    ({"prompt": "x" * 1_200_000}, "prompt: mide 1,2 MiB; se admiten 1 MiB como mucho"),
    ({"messages": [USER] * 1001}, "messages: tiene 1001 turnos; se admiten 1000 como mucho"),
    ({"messages": [{"role": "assistant", "content": "a"}]}, "messages: termina con un turno de assistant; el último turno debe ser del usuario"),
    ({"messages": [True]}, "messages, turno 1: es true o false, no un objeto con role y content"),
    ({"messages": [{"role": "user"}]}, "falta messages, turno 1, content"),
    ({"messages": [{"role": "robot", "content": "a"}]}, "messages, turno 1: su role es 'robot'; debe ser system, user o assistant"),
    ({"messages": [USER, {"role": "system", "content": "b"}]}, "messages, turno 2: es un turno de system; solo puede serlo el primero"),
    ({"messages": [{"role": "user", "content": {}}]}, "messages, turno 1, content: es un objeto, no un texto"),
    ({"prompt": "x", "slices": [1]}, "slices: es una lista, no un objeto de textos"),
    ({"prompt": "x", "slices": {str(n): "y" for n in range(33)}}, "slices: contiene 33 nombres; se admiten 32 como mucho"),
    ({"prompt": "x", "slices": {"": "y"}}, "el nombre de un segmento: está en blanco"),
    ({"prompt": "x", "slices": {"topic": None}}, "segmento 'topic': es null, no un texto"),
    ({"prompt": "x", "source": "y" * 201}, "source: mide 201 bytes; se admiten 200 bytes como mucho"),
    ({"prompt": "Erased?"}, "su prompt se borró aquí el 25 de mayo de 2026: no se admite otra vez"),
]

SMALL = {"policy": "small", "text": "a"}
LABEL = {"labeler": "w1", "preference": -2}
PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id es null: cada par necesita uno"),
    ({"responses": "both"}, "responses: es un texto, no una lista de dos"),
    ({"responses": []}, "responses: contiene 0, y un par tiene dos"),
    ({"responses": [1, 2]}, "respuesta 1: es un número, no un objeto con policy y text"),
    ({"responses": [SMALL, {"text": "b"}]}, "falta respuesta 2, policy"),
    ({"responses": [SMALL, {"policy": "large", "text": None}]}, "respuesta 2, text: es null, no un texto"),
    (
        {"responses": [SMALL, {"policy": "other", "text": "b"}]},
        "la política 'other' no está registrada: regístrela antes, o deje que lo haga la importación",
    ),
    ({"priority": 101}, "priority es 101: debe ser un número entero de 0 a 100"),
    ({"gold": 1}, "gold: es un número, no un objeto con verdict y why"),
    ({"gold": {"verdict": "a"}}, "falta gold, why"),
    ({"gold": {"verdict": "c", "why": "So."}}, "gold, verdict: es 'c'; debe ser a, b o tie"),
    ({"gold": {"verdict": "a", "why": "So.", "use": "fun"}}, "gold, use: es 'fun'; debe ser check, practice o both"),
    ({"gold": {"verdict": "a", "why": "So.", "refresh_on": "soon"}}, "gold, refresh_on: es 'soon'; escríbalo como 2027-05-25"),
    ({"labels": {"labeler": "w1"}}, "labels: es un objeto, no una lista"),
    ({"labels": ["w1"]}, "etiqueta 1: es un texto, no un objeto"),
    ({"labels": [LABEL, LABEL]}, "el etiquetador 'w1' etiqueta el par dos veces: una etiqueta por persona"),
    ({"labels": [{"labeler": "w1"}]}, "etiqueta 1: no dice nada; dé preference (de -3 a 3) o verdict (a, b o tie)"),
    ({"labels": [LABEL | {"preference": 4}]}, "etiqueta 1, preference: es 4; debe ser un número entero de -3 (A mucho mejor) a 3 (B mucho mejor)"),
    ({"labels": [LABEL | {"verdict": "b"}]}, "etiqueta 1: se contradice; con preference -2 el veredicto es a, no b"),
    ({"labels": [LABEL | {"both_bad": 1}]}, "etiqueta 1, both_bad: es un número, no true o false"),
    ({"labels": [LABEL | {"both_bad": True}]}, "etiqueta 1: dice ambas malas y prefiere una; ambas malas es un empate"),
    ({"labels": [LABEL | {"labeled_at": "noon"}]}, "etiqueta 1, labeled_at: es 'noon'; escríbalo como 2026-05-25T14:02:00Z"),
    (
        {"labels": [LABEL | {"labeler": "a\nb"}]},
        "etiqueta 1, labeler: es 'a\\nb'; un nombre tiene 150 caracteres como mucho, sin saltos de línea ni caracteres que no se ven",
    ),
    ({"labels": [LABEL]}, "no se conoce al etiquetador 'w1': deje que la importación cree un etiquetador externo con ese nombre"),
    ({"labels": [LABEL | {"labeler": "lena"}]}, "el etiquetador 'lena' es alguien de aquí: las etiquetas de otro lugar necesitan un nombre propio"),
]


@pytest.fixture
def researcher(rosa: User, as_: As) -> Client:
    User.objects.filter(pk=rosa.pk).update(language="es")
    return as_(User.objects.get(pk=rosa.pk))


def file(lines: list[Any]) -> SimpleUploadedFile:
    return SimpleUploadedFile("file.jsonl", b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines))


def test_it_works(researcher: Client) -> None:
    """Prompts: every reason a line can have."""
    erased = make_prompt("Erased?", prompt_set=make_prompt_set("before"))
    Prompt.objects.filter(pk=erased.pk).update(messages=None, erased_at=NOW, erased_why="asked", erased_sha256="0" * 64)
    page = researcher.post("/prompts/import", {"prompt_set": "everyday", "file": file([sent for sent, _ in PROMPTS])})
    assert page.status_code == 422
    assert cells(page, "Líneas incorrectas") == [[str(number), told] for number, (_, told) in enumerate(PROMPTS, start=1)]


def test_an_empty_file(researcher: Client) -> None:
    page = researcher.post("/prompts/import", {"prompt_set": "everyday", "file": file([])})
    assert cells(page, "Líneas incorrectas") == [["1", "el archivo está vacío: necesita un objeto JSON por línea"]]


def test_pairs(researcher: Client, campaign: Campaign, lena: User) -> None:
    make_policy("small")
    make_policy("large")
    sent = [line(number, **said) for number, (said, _) in enumerate(PAIRS, start=1)]
    page = researcher.post(f"/c/{campaign.slug}/pairs/import", {"file": file(sent)})
    assert page.status_code == 422
    assert cells(page, "Líneas incorrectas y qué les pasa") == [[str(number), told] for number, (_, told) in enumerate(PAIRS, start=1)]


def test_pairs_that_contradict_what_there_is(researcher: Client, campaign: Campaign) -> None:
    gold = {"verdict": "a", "why": "It answers."}
    sent = [line(), line(2, id=line()["id"], prompt="Another?"), line() | {"id": "q3", "gold": gold}]
    page = researcher.post(f"/c/{campaign.slug}/pairs/import", {"file": file(sent), "register": "on"})
    assert cells(page, "Líneas incorrectas y qué les pasa") == [
        ["2", f"el id '{line()['id']}' es de otro par, en la línea 1"],
        ["3", "el par ya está en la línea 1, pero no como elemento de oro"],
    ]


def test_what_became_of_the_others_is_said_in_spanish_too(researcher: Client, campaign: Campaign) -> None:
    gold = {"verdict": "a", "why": "It answers."}
    sent = [line(), line(2, labels=LABELS), line(3, gold=gold), line(), b"oops"]
    page = researcher.post(f"/c/{campaign.slug}/pairs/import", {"file": file(sent), "register": "on", "skip_bad": "on"})
    [banner] = [text_of(found) for found in elements(page, "div") if "banner" in (dict(found.attributes).get("class") or "")]
    assert banner.startswith("Guardado en everyday: 3 pares, 2 etiquetas, entre ellos 1 elemento de oro, fuera: 1 repetición, fuera: 1 línea incorrecta.")


def test_programs_read_english(rosa: User, client: Client) -> None:
    """The same person, by a program: it is answered in one language."""
    User.objects.filter(pk=rosa.pk).update(language="es")
    headers = {"Authorization": f"Bearer {make_token(rosa)}", "Accept-Language": "es"}
    answer = client.post("/api/v1/prompt-sets?name=everyday", b"oops\n", content_type="application/x-ndjson", headers=headers)
    assert answer.json()["first"] == [{"number": 1, "reason": "not JSON, at column 1: Expecting value"}]
