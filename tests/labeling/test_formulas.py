r"""Formulas: `$..$`, `$$..$$`, `\(..\)` and `\[..\]` become MathML that does nothing and hides nothing; prices stay prices."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labeling.rendering import mathml, render_text
from tests.labeling.test_rendering import Page, assert_harmless


def math_of(text: str) -> Page:
    page = Page(render_text(text))
    assert "math" in page.tags, page.text
    return page


def shown(text: str) -> str:
    return html.unescape(render_text(text)).strip()


@pytest.mark.parametrize(("text", "display"), [("$x^2$", "inline"), (r"\(x^2\)", "inline"), ("$$x^2$$", "block"), (r"\[x^2\]", "block")])
def test_it_works(text: str, display: str) -> None:
    page = math_of(f"See {text}, where x is small.")
    assert ("math", {"display": display}) in page.elements
    assert {"msup", "mi", "mn"} <= set(page.tags)
    assert page.text.split() == ["See", "x", "2", ",", "where", "x", "is", "small."]


@pytest.mark.parametrize("opening", ["$$", "\\["])
def test_a_formula_of_several_lines_is_one(opening: str) -> None:
    """Its lines would be a list, a heading and a rule."""
    closing = {"$$": "$$", "\\[": "\\]"}[opening]
    page = math_of(f"We get\n{opening}\nx = 1\n- 2\n# 3\n= 4\n{closing}.\nand so on")
    assert [tag for tag in page.tags if not tag.startswith("m")] == ["p", "p"]
    assert "".join(page.text.split()) == "Wegetx=1−2#3=4.andsoon"


def test_formulas_stand_in_lists_quotes_tables_and_headings() -> None:
    for text in ("- a $x_1$\n- b", "> $x_1$", "|a|\n|-|\n|$x_1$|", "# On $x_1$", "**so $x_1$**", "- a\n\n  $$\n  x_1\n  $$\n"):
        assert math_of(text).tags.count("msub") == 1, text


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "From $1,000-$2,000 a month, or $20/hour.",
        "I have $5 and you owe me 3$.",
        "US$5 is not A$5, nor R$ 5.",
        "Between $5 (or so) and 10$, say.",
        "**$5** or *$6*",
        "$5,$6,$7",
        "Set $HOME and $PATH, or $HOME/bin:$PATH.",
        "echo $a $b $c",
        "Costs $5.\n\nAnd $6.",
        "$ x $ is no formula",
        "a $20 bill and a 10$ bill",
        "`$x$` and $`x`$",
        r"\(see the other page\)".replace("\\", ""),
        "$$$ and $$ and $",
    ],
)
def test_a_price_is_no_formula(text: str) -> None:
    assert "math" not in Page(render_text(text)).tags
    assert "".join(Page(render_text(text)).text.split()) == "".join(text.replace("`", "").replace("*", "").split())


@pytest.mark.parametrize("text", ["$5$", "$n$th", "设$x$为实数", "($x$)", "$x$-axis", "$x$'s", "$p(x \\mid y)$", "$2 \\times 3 = 6$", "$\\$5 \\cdot x$"])
def test_a_formula_is_no_price(text: str) -> None:
    assert "math" in Page(render_text(text)).tags


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("So it is $x$. Or not.", ["x."]),
        ("If ($x$), then", ["(x),"]),
        ("the $n$th of “$y$”!", ["nth", "“y”!"]),
        ("$k$-means", ["k-"]),
        ("$a$, ($b$)", ["a,", "(b)"]),
        ("设$x$，则", ["x，"]),
        ("$x$ is $y$", []),
        ("$x$!!!!!!!!!", ["x!!!"]),
        ("$x$<b>", []),
    ],
)
def test_no_line_ends_between_a_formula_and_what_clings_to_it(text: str, held: list[str]) -> None:
    markup = render_text(text)
    found = [re.sub("<[^>]*>", "", whole) for whole in re.findall(r'<span class="held">(.*?)</span>', markup)]
    assert [html.unescape(words) for words in found] == held
    assert "".join(Page(markup).text.split()) == "".join(text.replace("$", "").split())


def test_what_closes_a_sentence_stands_in_the_line_of_its_formula() -> None:
    assert shown("So $$x$$. Then").startswith('<p dir="auto">So <math display="block"><mrow><mi>x</mi><mo>.</mo></mrow></math> Then')
    assert shown(r"So \[\cancel{x}\]. Then") == r'<p dir="auto">So <code>\[\cancel{x}\]</code>. Then</p>'


@pytest.mark.parametrize(
    ("formula", "markup"),
    [
        ("a - b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
        ("a = -b", '<mo>=</mo><mo form="prefix">−</mo><mi>b</mi>'),
        ("f(-1) - 1", '<mo form="prefix">−</mo><mn>1</mn><mo stretchy="false">)</mo><mo>−</mo><mn>1</mn>'),
        (r"\left[ -x \right]", '<mo form="prefix">−</mo><mi>x</mi>'),
        (r"x \to \infty", "<mi>∞</mi>"),
        (r"\sin x", '<mi>sin</mi><mspace width="0.167em"></mspace><mi>x</mi>'),
        (r"\log_2 n", '</msub><mspace width="0.167em"></mspace><mi>n</mi>'),
        ("|-x| = x", '<mo stretchy="false" form="prefix">|</mo><mo form="prefix">−</mo><mi>x</mi><mo stretchy="false" form="postfix">|</mo><mo>=</mo>'),
        ("P(A|B)", '<mi>A</mi><mo stretchy="false">|</mo><mi>B</mi>'),
        (r"\sin(x)", '<mi>sin</mi><mo stretchy="false">(</mo>'),
    ],
)
def test_signs_and_names_have_the_room_that_they_have_in_print(formula: str, markup: str) -> None:
    assert markup in (mathml.of(formula, display="inline") or "")


def test_words_in_round_brackets_stay_words() -> None:
    assert shown(r"\(see the other page\)") == '<p dir="auto">(see the other page)</p>'


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{a}{b} + \sqrt[3]{x} - \binom{n}{k}",
        r"\sum_{i=1}^{n} \int_0^1 \prod_k \lim_{x \to 0} \max_i \operatorname{arg\,max}_x",
        r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
        r"\begin{aligned} a &= b \\[2pt] &= c \end{aligned}",
        r"\begin{array}{cc} a & b \end{array}",
        r"\mathbf{x} \mathbb{R} \mathcal{L} \mathrm{kg} \mathit{ab} \mathfrak{g}",
        r"\hat{\beta} \vec{v} \overline{ab} \dot{x} f''(x)",
        r"\left( \frac{1}{2} \right) \bigl| x \bigr| \| v \|",
        r"\alpha \leq \beta \neq \gamma \approx \infty \pm 1 \implies \iff",
        r"\boxed{42} \quad \text{where } x < 5 \hspace{1cm} 50\%",
        r"\overbrace{a+b}^{n} \xrightarrow{f} \stackrel{d}{=}",
    ],
)
def test_what_people_use_is_laid_out(formula: str) -> None:
    page = math_of(f"${formula}$")
    assert "code" not in page.tags
    assert_harmless(render_text(f"${formula}$"))


@pytest.mark.parametrize(
    "formula",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\text{<b>bold</b>}",
        r"\text{a & b}",
        r"\text{</mtext><img src=x onerror=alert(1)>}",
        r"\class{hiddenchar}{x}",
        r"\style{position:fixed}{x}",
        r"\unicode{x202E}",
        r"\color{red}{x}",
        r"\phantom{secret} x",
        r"\hphantom{secret} x",
        r"\llap{secret} x",
        r"\mathchoice{a}{b}{c}{d}",
        r"\cancel{x}",
        r"x % secret",
        r"\label{eq:1} x",
        r"\unknown{x}",
        r"\frac{a}{",
        r"x_1_2",
        r"\def\a{\b\b}\def\b{\c\c}\a",
        r"\newcommand{\a}{\a\a}\a",
        "x\u202ey",
        "\\text{a\u200bb}",
        "{" * 60 + "x" + "}" * 60,
        "x" * 1_600,
    ],
)
def test_what_would_act_or_hide_or_is_not_understood_is_shown_as_it_was_written(formula: str) -> None:
    markup = render_text(rf"\[{formula}\]")
    page = Page(markup)
    assert "math" not in page.tags
    assert_harmless(markup)
    for word in ("secret", "javascript", "alert", "red", "hiddenchar", "unknown"):
        assert page.text.count(word) == formula.count(word)


def test_what_is_struck_out_does_not_look_as_if_it_were_not() -> None:
    assert shown(r"$\cancel{x} = y$") == r'<p dir="auto"><code>$\cancel{x} = y$</code></p>'


def test_a_text_with_more_formulas_than_are_laid_out_says_so() -> None:
    markup = render_text("$x_1 + y_2$ " * 1_000)
    page = Page(markup)
    assert 300 < page.tags.count("math") < 500
    assert page.tags.count("math") + page.tags.count("code") == 1_000
    assert "This text has more code or formulas than are laid out at once" in page.text
    assert "cut" not in render_text("$x_1 + y_2$ " * 300)


LETTERS = st.text(alphabet=st.sampled_from([*"abxy12 +-=^_{}()[]&%<>'$\"\\", "é", "\u202e", "ש"]), max_size=12)
PIECES = st.one_of(
    LETTERS,
    st.sampled_from(
        ["frac", "sqrt", "text", "mathbf", "left(", "right)", "begin{cases}", "end{cases}", "sum_", "operatorname{", "not", "color{", "rule{", "\\"]
    ).map(lambda command: "\\" + command),
    LETTERS.map(lambda inside: "{" + inside + "}"),
)


@given(st.lists(PIECES, max_size=8).map("".join), st.sampled_from(["inline", "block"]))
@example(r"\text{<img src=x>}", "inline")
@example(r"\sqrt[\href{x}]{y}", "block")
def test_any_formula_is_harmless_and_whole(formula: str, display: str) -> None:
    markup = mathml.of(formula, display=display)
    if markup is None:
        return
    assert_harmless(markup)
    commands = mathml._UNREAD.sub(" ", formula)
    assert not letters(commands) - letters(Page(markup).text)


def letters(text: str) -> Counter[str]:
    return Counter(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())
