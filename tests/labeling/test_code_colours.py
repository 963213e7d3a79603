"""Code in colours: by what stands behind the backticks, letter for letter, readable in both themes."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.rendering import budget, colours, render_text
from tests.labeling.test_rendering import Page, assert_harmless

CSS = (Path(__file__).parents[2] / "static" / "app.css").read_text(encoding="utf-8")
PYTHON = 'def rise(warm: int) -> str:  # slowly\n    return "now" if warm > 2 else None\n'


def fenced(code: str, language: str) -> str:
    return render_text(f"````{language}\n{code}\n````")


def spans(markup: str) -> dict[str, str]:
    return {words: name for name, words in re.findall(r'<span class="(\w+)">(.*?)</span>', html.unescape(markup))}


def test_it_works() -> None:
    assert spans(fenced(PYTHON, "python")) == {
        "def": "k",
        "rise": "f",
        "int": "b",
        "str": "b",
        "# slowly": "c",
        "return": "k",
        '"now"': "s",
        "if": "k",
        "2": "n",
        "else": "k",
        "None": "b",
    }


def test_lines_that_come_and_go_are_told_apart() -> None:
    assert spans(fenced("-old\n+new", "diff")) == {"-old": "gd", "+new": "gi"}


@pytest.mark.parametrize("info", ["", "klingon", "text", "../../etc/passwd", "<script>", "__class__"])
def test_what_is_no_language_has_no_colours(info: str) -> None:
    assert "span" not in Page(fenced(PYTHON, info)).tags


@pytest.mark.parametrize("language", sorted(set(colours.LANGUAGES)))
def test_every_language_keeps_every_letter(language: str) -> None:
    for code in (PYTHON, "<script>alert(1)</script>\n", 'x = "unclosed\n\t/* é ש 👩 */\r\n  \\\n', "\n\n  $x = `y` # {z}\n\n"):
        markup = fenced(code, language)
        assert_harmless(markup)
        assert "".join(Page(markup.partition("<code>")[2]).texts).strip("\n") == code.replace("\r\n", "\n").strip("\n")


@given(
    st.text(alphabet=st.sampled_from([*"ab1 \n\t#<>&\"'`/*\\(){}[];:=+-@$%|~^!?.,_", "é", "ש"]), max_size=60),
    st.sampled_from(sorted(set(colours.LANGUAGES.values()))),
)
def test_any_code_keeps_every_letter(code: str, language: str) -> None:
    coloured = colours.coloured(code, language)
    if coloured is not None:
        assert_harmless(coloured)
        assert html.unescape(re.sub(r"</?span[^>]*>", "", coloured)) == code


def test_a_lexer_that_loses_a_letter_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "_runs", lambda code, lexer: [("k", code[1:])])
    assert colours.coloured("abc", "python") is None


def test_code_with_lines_that_no_person_wrote_stays_plain() -> None:
    assert "span" not in Page(fenced("x = " + "1 + " * 400, "python")).tags


def test_a_text_with_more_code_than_is_coloured_says_so() -> None:
    block = f"```python\n{PYTHON}```\n\n"
    page = Page(render_text(block * (budget.MOST_COLOURED // len(PYTHON) + 5)))
    assert page.tags.count("pre") == budget.MOST_COLOURED // len(PYTHON) + 5
    assert "This text has more code or formulas than are laid out at once" in page.text
    assert page.text.count("slowly") == page.tags.count("pre")


# ---- contrast: 4.5 to 1 in both themes, on what code stands on and under the mark of what only one side says


def tokens() -> dict[str, tuple[str, str]]:
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+):\s*light-dark\((#\w{6}), (#\w{6})\)", CSS)}


def luminance(colour: str) -> float:
    """WCAG 2: relative luminance of sRGB."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_what_it_is_known_to_be() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_every_colour_of_code_can_be_read_in_both_themes() -> None:
    rule = CSS[CSS.index("/* code in the colours") :]
    used = dict(re.findall(r"& \.(\w+) \{ color: var\(--([\w-]+)\)", rule[: rule.index("\n}")]))
    assert used.keys() | {"f"} == colours.CLASSES
    for name in [*used.values(), "ink"]:
        for ground in ("well", "sheet"):
            for theme in (0, 1):
                assert contrast(tokens()[name][theme], tokens()[ground][theme]) >= 4.5, (name, ground, theme)


def test_words_under_the_mark_can_be_read_in_both_themes() -> None:
    assert "::highlight(only) { background-color: var(--tint); color: var(--ink);" in CSS
    for theme in (0, 1):
        assert contrast(tokens()["ink"][theme], tokens()["tint"][theme]) >= 4.5
