"""Every string that people read is marked for translation, and the catalogues hold all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message as Entry

from scripts import messages
from scripts.messages import LANGUAGES, Message
from tests.house.words import forms_of, words_in

TEMPLATES = sorted((messages.ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((messages.ROOT / "static").rglob("*.js"))
SAID = messages.ROOT / "templates" / "_shared_desk_said.html"

THE_SAME_EVERYWHERE = {"Tiebreak"}

TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)
BLOCK = re.compile(r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}|{% block body_class %}.*?{% endblock %}", re.S)
OTHERWISE = re.compile(r'\|(?:default|default_if_none|yesno):"([^"]*[A-Za-z]{2}[^"]*)"')
HANDED_ON = re.compile(r'{%\s*include\b[^%]*\b(?:submit|missing|what|words|name)="([^"]*[A-Za-z]{2}[^"]*)"')
SPOKEN = re.compile(r'\b_\("((?:[^"\\]|\\.)*)"')
ALOUD = re.compile(r"""\b(?:say|button|announce|link)\(\s*["'`]""")


def unmarked(template: str) -> list[str]:
    """Return what a template would say in English whatever the language is."""
    beside_tags = TAGS.sub("", BLOCK.sub("", template))
    texts = [text for text in words_in(beside_tags) if re.search(r"[A-Za-z]{2}", text) and text.strip("· ") not in THE_SAME_EVERYWHERE]
    return texts + OTHERWISE.findall(template) + HANDED_ON.findall(template)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(messages.ROOT / "templates")))
def test_a_template_says_nothing_that_is_not_marked(path: Path) -> None:
    assert unmarked(path.read_text()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Not marked</p>",
        '<input placeholder="Not marked">',
        '<nav aria-label="Not {% if x %}marked{% endif %}">',
        '{{ name|default:"Not marked" }}',
        '{% include "_form.html" with submit="Not marked" %}',
        '<b>{% translate "Marked" %}</b> not marked',
    ],
)
def test_what_is_not_marked_is_found(planted: str) -> None:
    assert unmarked(planted)


def test_what_is_marked_or_has_no_words_is_not_found() -> None:
    assert unmarked('<p title="{% translate "Marked" %}">{% blocktranslate %}Marked <b>too</b>{% endblocktranslate %} <code>as is</code> · Tiebreak</p>') == []


# ---- scripts -------------------------------------------------------------------------------------------------------


def test_what_scripts_say_is_on_the_page_in_its_language() -> None:
    """Word for word: the template that brings the words names each of them, and no others."""
    spoken = {text for path in SCRIPTS for text in SPOKEN.findall(path.read_text())}
    brought = re.findall(r'data-text="([^"]*)">{% translate "([^"]*)" %}', SAID.read_text())
    assert {text for text, _ in brought} == spoken
    assert all(text == words for text, words in brought)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_say_nothing_past_the_translation(path: Path) -> None:
    assert not ALOUD.search(path.read_text())


def test_a_script_that_says_plain_words_is_found() -> None:
    assert ALOUD.search('say("Stored", "toast")')


# ---- catalogues ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_in_step_with_the_sources(language: str) -> None:
    """What is stored is what `make messages` would write now: nothing new is missing, nothing old is left, and the compiled one is of it."""
    catalog = messages.in_step(language)
    assert messages.lacking(catalog) == []
    assert messages.file_of(language).read_bytes() == messages.written(catalog), "run make messages"
    assert messages.file_of(language, "mo").read_bytes() == messages.compiled(catalog), "run make messages"


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w+\}|</?\w+|%%", text))


def wrong_with(entry: Entry) -> str:
    """Say what is wrong with a translation. One thing alone may be named without its number: a singular form may leave its placeholder out."""
    meant, said = forms_of(entry.id), forms_of(entry.string)
    if entry.fuzzy or not all(said):
        return f"{meant[0]}: not translated"
    *singular, last = said
    if placeholders(last) != placeholders(meant[-1]):
        return f"{last}: {placeholders(last)} for {placeholders(meant[-1])}"
    stray = [form for form in singular if not set(placeholders(form)) <= set(placeholders(meant[-1]))]
    return f"{stray[0]}: a placeholder that is not in the original" if stray else ""


def test_spanish_is_complete_and_its_placeholders_are_those_of_the_original() -> None:
    assert [wrong for entry in messages.read("es") if entry.id and (wrong := wrong_with(entry))] == []


@pytest.mark.parametrize(("meant", "said"), [("%(n)s pairs", "pares"), ("{n} pairs", "{m} pares"), ("<b>so</b>", "así"), ("so", "")])
def test_a_translation_that_lost_something_is_found(meant: str, said: str) -> None:
    assert wrong_with(Entry(meant, said))


def test_a_source_is_read_as_it_is_looked_up() -> None:
    template = """{% translate "100 %" %}{% translate "Open" context "do" %}{{ x|default:_("never") }}
        {% blocktranslate trimmed count n=x %}{{ n }} pair
           waits{% plural %}{{ n }} pairs
           wait{% endblocktranslate %}"""
    assert list(messages.of_template(template)) == [
        Message("100 %%"),
        Message("Open", context="do"),
        Message("never"),
        Message("%(n)s pair waits", "%(n)s pairs wait"),
    ]
    python = '_("One"); ngettext("{n} pair", "{n} pairs", n); pgettext("side", "Left"); marked("tie"); said("not this")'
    assert list(messages.of_python(python)) == [Message("One"), Message("{n} pair", "{n} pairs"), Message("Left", context="side"), Message("tie")]
