"""`joined` draws what would be drawn without it, in each language."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils.translation import override

from accounts.templatetags.spoken import Joined

INSIDE = (
    '<p title="{% translate "Skip" %}">{% translate "Submit" %} {{ name }}</p>{% if name %}<b>{% translate "Tie" %}</b>{% else %}<i>{% translate "Left" %}</i>'
    '{% endif %}{% for each in names %}<li>{{ each }}: {% translate "Right" %}.</li>{% empty %}<li>{% translate "Both bad" %}</li>{% endfor %}<hr>'
)
PLAIN, JOINED = (Template(f"{{% load i18n spoken %}}{text}") for text in (INSIDE, f"{{% joined %}}{INSIDE}{{% endjoined %}}"))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("values", [{"name": "<Ana>", "names": ["a", "b"]}, {"name": "", "names": []}])
def test_it_works(language: str, values: dict[str, object]) -> None:
    with override(language):
        assert JOINED.render(Context(values)) == PLAIN.render(Context(values))


def test_languages_differ_and_texts_are_escaped() -> None:
    drawn = []
    for language in ("en", "es"):
        with override(language):
            drawn.append(JOINED.render(Context({"name": "<Ana>", "names": ["a"]})))
    assert drawn[0] != drawn[1]
    assert all("&lt;Ana&gt;" in each for each in drawn)


def test_what_is_fixed_is_one_piece() -> None:
    """Also in the branches of a condition and in the body of a loop."""
    assert len(JOINED.nodelist.get_nodes_by_type(Joined)) == 5
