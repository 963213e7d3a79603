"""Markdown to HTML: CommonMark with tables, strikethrough and formulas; links and images in words, code in colours."""

from __future__ import annotations

import html
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from labeling.rendering import colours, formulas
from labeling.rendering.budget import A_BLOCK, A_CELL, A_LETTER_OF_CODE, A_SIGN, ANY_SIGN, MOST_LEVELS, Budget, TooMuch


def lay_out(text: str, budget: Budget) -> str:
    """Return HTML that is not cleaned yet. Raises TooMuch where the budget does not suffice."""
    return str(_MARKDOWN.render(text, {"budget": budget}))


def _count_inline(state: StateInline, silent: bool) -> bool:
    """Match nothing, and stop the parser where its work is out of proportion."""
    state.env["budget"].spend(A_SIGN.get(state.src[state.pos], ANY_SIGN))
    return False


def _count_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Match nothing, and stop where the parser would leave out what is nested too deeply (a list is two levels)."""
    state.env["budget"].spend(A_BLOCK)
    if state.level > MOST_LEVELS - 3:
        raise TooMuch
    return False


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Count a table's cells before it is built, and build none that would drop words: those of a row wider than its head."""
    if silent or not table(state, start_line, end_line, True):
        return table(state, start_line, end_line, silent)
    end = next((line for line in range(start_line, end_line) if state.isEmpty(line)), end_line)
    head, *rows = [_width(getLine(state, line)) for line in range(start_line, end)]
    state.env["budget"].spend(A_CELL * head * len(rows))
    return max(rows) <= head and table(state, start_line, end_line, False)


def _width(row: str) -> int:
    cells = escapedSplit(row.strip())
    return len(cells) - (cells[0] == "") - (len(cells) > 1 and cells[-1] == "")


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
    return f"<pre>{info}<code>{_code(token, env['budget'])}</code></pre>\n"


def _code(token: Token, budget: Budget) -> str:
    language = colours.language_of(token.info)
    if language and budget.affords(A_LETTER_OF_CODE * len(token.content), coloured=len(token.content)):
        return colours.coloured(token.content, language) or html.escape(token.content)
    return html.escape(token.content)


def _markdown() -> MarkdownIt:
    """CommonMark with tables and strikethrough, without HTML, autolinks and reference definitions: those stay as they were written."""
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": MOST_LEVELS})
    markdown.enable(["table", "strikethrough"]).disable(["autolink", "html_block", "html_inline", "reference"])
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    formulas.plug_in(markdown)
    markdown.inline.ruler.before("text", "count", _count_inline)
    markdown.block.ruler.before("table", "count", _count_block, {"alt": ["paragraph", "blockquote", "list"]})
    markdown.core.ruler.push("tame", _tame)
    markdown.add_render_rule("fence", _fence)
    # No address is ever followed, so none needs to be refused or rewritten: each is shown as it was written.
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return markdown


_MARKDOWN = _markdown()
