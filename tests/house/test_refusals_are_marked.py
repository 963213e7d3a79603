"""Whoever is refused something reads why in their language: no refusal is made with a sentence that no translation sees."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

import pytest
from django.utils import translation

from exports.templatetags.retold_gates import retold_gate
from policies import reasons
from scripts import messages
from tests.house.refusals import CARRIERS, FOREIGN, Module, Said, Teller, classes_below, modules

SOURCES = modules(messages.ROOT, messages.APPS)
WORDED = classes_below(["Worded"], SOURCES.values())
"""They bring marked words along, and whoever shows them looks these up."""

REFUSALS = classes_below(["Exception", "ValueError", "APIException", "Worded"], SOURCES.values()) | FOREIGN | CARRIERS

ENGLISH = {
    "*/management/*": "operators read it on a terminal",
    "config/*": "operators read it on a terminal, or in a log",
    "*/api.py": "programs are answered in one language",
    "*/api_*.py": "programs are answered in one language",
    "*/api/*": "programs are answered in one language",
    "accounts/authentication.py": "programs are answered in one language",
    "accounts/parsers.py": "programs are answered in one language",
    "exports/inspection.py": "the command that verifies a folder prints it",
    "exports/layouts/*": "a converted file counts by them what its layout left out",
    "exports/manifest.py": "the command that verifies a folder prints it",
    "exports/splits.py": "shares are given to a command or by a program; the page offers those that add up",
    "labeling/simulation.py": "simulated labelers are made by the demo and a command",
    "labeling/agreement.py": "a mistake of whoever calls it, never of people",
    "policies/engines/convert.py": "only the demo converts, in front of who started it",
    "policies/engines/echo.py": "it exists for tests",
}
"""Modules that may speak English, and why."""

RETOLD: dict[str, Teller] = {
    "policies/engines/*": reasons.told,
    "policies/engines_for.py": reasons.told,
    "policies/worker.py": reasons.told,
    "exports/converting.py": retold_gate,
    "exports/hub.py": retold_gate,
    "exports/pushing.py": retold_gate,
}
"""Modules that say in English what is stored, or know no Django: each sentence of theirs is known where it is shown."""


def matching(path: str, patterns: Iterable[str]) -> list[str]:
    return [pattern for pattern in patterns if fnmatch(path, pattern)]


SPEAKING = [path for path in SOURCES if not matching(path, ENGLISH) and not matching(path, RETOLD)]
STORING = [path for path in SOURCES if not matching(path, ENGLISH) and matching(path, RETOLD)]


def unmarked(path: str) -> list[Said]:
    return list(Module(SOURCES[path], refusals=REFUSALS, worded=WORDED).unmarked())


def test_no_refusal_is_made_with_words_that_no_translation_sees() -> None:
    assert {path: found for path in SPEAKING if (found := unmarked(path))} == {}


def test_what_is_said_in_english_to_be_stored_is_known_where_it_is_shown() -> None:
    said = {(path, found.words): RETOLD[matching(path, RETOLD)[0]] for path in STORING for found in unmarked(path)}
    assert len(said) > 30
    with translation.override("es"):
        assert [at for at, tell in said.items() if tell(at[1]) == at[1]] == []


@pytest.mark.parametrize("pattern", [*ENGLISH, *RETOLD])
def test_an_exception_from_the_rule_is_still_needed(pattern: str) -> None:
    assert any(unmarked(path) for path in SOURCES if fnmatch(path, pattern))


# ---- the reader itself ---------------------------------------------------------------------------------------------

PLANTED = [
    'raise Refused("it is not so")',
    'raise jsonl.Refused(f"{name} is bad")',
    'raise BadPolicy("name", f"{name!r} is bad")',
    'raise Refused("one of them" if both else "none of them")',
    """raise Refused(f"{name}: {', '.join(names)} are bad")""",
    """raise Refused(f"{name} is so, {'as if' if so else 'but not'} {why}")""",
    'raise Refused(" ".join(["it is", "not so"]))',
    'BadLine(1, "it is not so")',
    'why = f"{name} is bad"\nraise Refused(why)',
    'why = "{name} is bad"\nraise Refused(why.format(name=name))',
    'def why():\n    return "it is not so"\nraise Refused(why())',
    'def why(self):\n    return f"{self} is bad"\nraise Refused(self.why())',
    'class Refused(ValueError):\n    def __init__(self):\n        super().__init__("it is not so")',
    'raise Refused(marked("it is not so"))',
    'raise PermissionDenied("This page is for owners.")',
    'form.add_error(None, "It is not so.")',
    'messages.error(request, f"{name} is bad.")',
    'check_text(text, what=f"the content of {what}")',
    'def refuse_unless(fine, why):\n    raise Refused(why)\nrefuse_unless(fine, "it is not so")',
    'def refuse_unless(fine, why):\n    raise Refused(why)\nrefuse_unless(fine, marked("it is not so"))',
]

FINE = [
    'raise Refused(_("{name} is bad").format(name=name))',
    'raise Refused(ngettext("{n} is bad", "{n} are bad", n).format(n=n))',
    'why = _("{name} is bad")\nraise Refused(why.format(name=repr(name)))',
    'WHY = gettext_lazy("it is not so")\nraise Refused(WHY)',
    'def why():\n    return _("it is not so")\nraise Refused(why())',
    'raise Clash(marked("{key} is bad"), key=key)',
    'raise BadPolicy("name", error)',
    "raise Refused(str(error))",
    'raise Refused(_("so") if said == "it is so" else _("not so"))',
    'raise Refused(f"{number}: {reason}")',
    'raise KeyError("it is not for people")',
    'log.error("it is not so")',
    'check_text(text, what=the_key_of("content", what))',
    'def refuse_unless(fine, why, **values):\n    raise Clash(why, **values)\nrefuse_unless(fine, marked("it is not {so}"), so=so)',
]


def read(source: str) -> list[Said]:
    return list(Module(source, refusals={"Refused", "BadPolicy", "BadLine", "Clash", "PermissionDenied"}, worded={"Clash"}).unmarked())


@pytest.mark.parametrize("source", PLANTED)
def test_a_sentence_that_is_not_marked_is_found(source: str) -> None:
    assert read(source)


@pytest.mark.parametrize("source", FINE)
def test_what_is_marked_or_no_sentence_is_not_found(source: str) -> None:
    assert read(source) == []


def test_refusals_are_known_by_where_they_come_from() -> None:
    sources = ["class A(Exception): ...", "class B(errors.A): ...", "class C(B, Mixin): ...", "class D(Form): ..."]
    assert classes_below(["Exception"], sources) == {"A", "B", "C"}
    assert {"Refused", "BadText", "NotPossible", "BadPolicy", "Clash", "UnsafeModel"} <= REFUSALS
    assert "Clash" in WORDED


def test_a_sentence_nobody_can_tell_is_found() -> None:
    with translation.override("es"):
        assert reasons.told("7 is not a folder") == "7 no es una carpeta"
        assert reasons.told("7 is no folder") == "7 is no folder"
