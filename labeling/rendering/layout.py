"""From hostile text to safe HTML: prompts, responses and rubrics, for every page that shows one.

Three walls, each enough alone for most of what may come: Markdown with HTML and images off; nh3 with an explicit
list (no link, image, id, style or class); and a Content-Security-Policy that admits no inline script. The same text
gives the same HTML on every machine: what bounds the work is a count of steps and of levels, never a clock.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

RENDERER = "1"
"""The version of what this module writes. Raise it with every change that a reader could see."""

SHOWN_BYTES = 64 * 1024
"""How much of a text is shown, in bytes of UTF-8. What is longer is stored whole, shown cut, and says so."""

MOST_STEPS = 150_000
"""Places in one text at which rules were tried. 64 KiB of prose take 7,000; 64 KiB of nothing but short lines 128,000."""

STEPS_A_BRACKET = 16
"""An open bracket costs more than its place: the parser looks for its end through all that follows. 50,000 of them took 0.8 s."""

MOST_CELLS = 10_000
"""Cells of tables in one text: short rows are filled up to the header's width, so that 60 KiB can ask for 65,000 cells a table."""

MOST_LEVELS = 30
"""Elements inside one another. People stop at five lists, which are ten; a browser's own limit is 512."""

# fmt: off
TAGS = {
    "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr",
    "li", "ol", "p", "pre", "s", "small", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}
# fmt: on
DIRECTED = {"blockquote", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"}
ATTRIBUTES = {"ol": {"start"}}
VALUES = {tag: {"dir": {"auto"}} for tag in DIRECTED} | {tag: {"align": {"left", "center", "right"}} for tag in ("td", "th")}

# What has no ink, or turns the order of what follows: control and format characters (Cc, Cf) but tab and newline, line and paragraph
# separators, fillers, and variation selectors where no reader could see them. Arabic and Kaithi number signs are Cf, and have ink.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001107f\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_PICTURE = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001fbff"
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"
# Where a joiner is spelling it stays: inside an emoji, and between letters of the scripts that are written with it (Persian, Hindi, ...).
_SPELLING = re.compile(f"(?<=[{_PICTURE}])\u200d(?=[{_PICTURE}])|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])")
# One variation selector may follow a character, as in an emoji; a second says nothing to a reader and can carry a message.
_HIDDEN = re.compile(f"{_SPELLING.pattern}|((?:[{_UNSEEN}]|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f])+)")
_SURROGATES = re.compile("[\ud800-\udfff]")
_CHIPS_IN_A_ROW = 12
_log = logging.getLogger(__name__)
_BUDGET = {"steps": MOST_STEPS, "cells": MOST_CELLS}


class TooMuch(Exception):
    """The text asks for more work, or for more levels, than a text that was written to be read."""


def render_text(text: str) -> SafeString:
    """Return safe HTML of Markdown. Never raises: what cannot be laid out is shown as raw text, with a mark."""
    shown, cut = _cut(text)
    try:
        body = _chips(_clean(shown))
    except Exception as error:  # whatever is wrong with one text, its pair stays readable
        if not isinstance(error, TooMuch):
            _log.exception("a text of %d characters could not be laid out", len(text))
        body = f'{_raw(shown)}<p class="cut">This text is too tangled to be laid out: it is shown as raw text.</p>\n'
    return mark_safe(body + cut)  # noqa: S308 - cleaned; what is added after the cleaning is ours


def render_raw(text: str) -> SafeString:
    """Return safe HTML that shows a text letter for letter, in a `pre` of class `raw`."""
    shown, cut = _cut(text)
    return mark_safe(_raw(shown) + cut)  # noqa: S308 - escaped in _raw


def _clean(text: str) -> str:
    return nh3.clean(_MARKDOWN.render(text, dict.fromkeys(_BUDGET, 0)), tags=TAGS, attributes=ATTRIBUTES, tag_attribute_values=VALUES, link_rel=None)


def _cut(text: str) -> tuple[str, str]:
    """Return what is shown of a text, and the mark that says what is not."""
    sound = _SURROGATES.sub("\ufffd", text)
    stored = sound.encode()
    if len(stored) <= SHOWN_BYTES:
        return sound, ""
    shown = stored[:SHOWN_BYTES].decode(errors="ignore")
    return shown, f'<p class="cut">Cut here: {SHOWN_BYTES // 1024} KiB are shown of {len(stored) / 1024:,.0f} KiB.</p>\n'


def _raw(text: str) -> str:
    lines = html.escape(text.replace("\r\n", "\n"), quote=False)
    return f'<pre class="raw">\n{_chips(lines)}</pre>\n'  # a browser drops the newline after <pre>: it gets one of ours


def _chips(markup: str) -> str:
    """Show each hidden character of cleaned HTML as a chip.

    In cleaned HTML such characters stand in text alone: attributes hold words of ours or digits. A text that
    writes a chip's own HTML has been escaped by now, so a chip cannot be forged.
    """
    return _HIDDEN.sub(_chips_of_run, markup)


def _chips_of_run(found: re.Match[str]) -> str:
    run = found[1]
    if run is None:
        return found[0]
    chips = [f'<span class="hiddenchar">U+{ord(char):04X}</span>' for char in run[:_CHIPS_IN_A_ROW]]
    if len(run) > _CHIPS_IN_A_ROW:
        chips.append(f'<span class="hiddenchar">and {len(run) - _CHIPS_IN_A_ROW:,} more that cannot be seen</span>')
    return "".join(chips)


def _count_inline(state: StateInline, silent: bool) -> bool:
    """Match nothing, and stop the parser where its work is out of proportion."""
    _spend(state.env, "steps", STEPS_A_BRACKET if state.src[state.pos] == "[" else 1)
    return False


def _count_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Match nothing, and stop where the parser would leave out what is nested too deeply (a list is two levels)."""
    _spend(state.env, "steps", 1)
    if state.level > MOST_LEVELS - 3:
        raise TooMuch
    return False


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Count a table's cells before it is built, and build none that would drop words: those of a row wider than its head."""
    if silent or not table(state, start_line, end_line, True):
        return table(state, start_line, end_line, silent)
    end = next((line for line in range(start_line, end_line) if state.isEmpty(line)), end_line)
    head, *rows = [_width(getLine(state, line)) for line in range(start_line, end)]
    _spend(state.env, "cells", head * len(rows))
    return max(rows) <= head and table(state, start_line, end_line, False)


def _width(row: str) -> int:
    cells = escapedSplit(row.strip())
    return len(cells) - (cells[0] == "") - (len(cells) > 1 and cells[-1] == "")


def _spend(env: MutableMapping[str, Any], what: str, amount: int) -> None:
    env[what] += amount
    if env[what] > _BUDGET[what]:
        raise TooMuch


def _tame(state: StateCore) -> None:
    """Say in plain text what a page must not link or load, rank the headings, and refuse what is nested beyond reading."""
    _check_levels(state.tokens)
    _rank_headings(state.tokens)
    for token in state.tokens:
        if token.nesting == 1 and token.level == 0:
            token.attrSet("dir", "auto")
        _align(token)
        if token.children:
            token.children = list(_without_links(token.children))


def _check_levels(tokens: Sequence[Token]) -> None:
    levels = [token.level for token in tokens] + [child.level for token in tokens for child in token.children or ()]
    if max(levels, default=0) > MOST_LEVELS:
        raise TooMuch


def _rank_headings(tokens: Sequence[Token]) -> None:
    """Begin a text's highest heading at h3, under the page's h1 and the pane's h2, and leave out levels it does not use."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    ranks = {tag: f"h{min(3 + rank, 6)}" for rank, tag in enumerate(sorted({token.tag for token in headings}))}
    for token in headings:
        token.tag = ranks[token.tag]


def _align(token: Token) -> None:
    """Turn a table cell's style, which the Content-Security-Policy would drop, into an attribute."""
    style = token.attrs.pop("style", None)
    if isinstance(style, str):
        token.attrSet("align", style.removeprefix("text-align:"))


def _without_links(children: Sequence[Token]) -> Iterator[Token]:
    """Turn `[text](address "title")` into its text with the address behind it, and an image into what was written."""
    open_links: list[Token] = []
    for token in children:
        if token.type == "link_open":
            open_links.append(token)
        elif token.type == "link_close":
            yield _text(f" ({_target(open_links.pop())})")
        elif token.type == "image":
            yield _text(f"![{token.content}]({_target(token, 'src')})")
        else:
            yield token


def _target(token: Token, name: str = "href") -> str:
    address, title = token.attrGet(name), token.attrGet("title")
    return f'{address} "{title}"' if title else f"{address}"


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _fence(renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
    """Show what stands behind the backticks too: usually a language, but anybody may write anything there."""
    token = tokens[idx]
    info = f"<small>{html.escape(token.info.strip())}</small>" if token.info.strip() else ""
    return f"<pre>{info}<code>{html.escape(token.content)}</code></pre>\n"


def _markdown() -> MarkdownIt:
    """CommonMark with tables and strikethrough, without HTML, autolinks and reference definitions: those stay as they were written."""
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": MOST_LEVELS})
    markdown.enable(["table", "strikethrough"]).disable(["autolink", "html_block", "html_inline", "reference"])
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    markdown.inline.ruler.before("text", "count", _count_inline)
    markdown.block.ruler.before("table", "count", _count_block, {"alt": ["paragraph", "blockquote", "list"]})
    markdown.core.ruler.push("tame", _tame)
    markdown.add_render_rule("fence", _fence)
    # No address is ever followed, so none needs to be refused or rewritten: each is shown as it was written.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return markdown


_MARKDOWN = _markdown()
