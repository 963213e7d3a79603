"""Formulas in Markdown: `$..$`, `$$..$$`, `\\(..\\)` and `\\[..\\]`, and how to tell them from prices."""

from __future__ import annotations

import html
import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from labeling.rendering import mathml
from labeling.rendering.budget import A_FORMULA, A_LETTER_OF_FORMULA, ANY_SIGN, Budget

CLOSING = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
_OPENING = re.compile(r"\$\$?|\\[(\[]")
_PUNCTUATION = ".,;:"
_LEAD = re.compile(r"[(\[{<«¿¡“‘\"'（「『【《〈]{1,3}$")
_TRAIL = re.compile(r"(?:(?:th|st|nd|rd|s|'s|’s)\b)?[^\w\s(\[{<«“‘（「『【《〈]{0,3}")
"""What may cling to a formula from before and from behind; few, since a line cannot be broken in it."""

HELD = "held"
"""The class of a formula with what clings to it: a browser would end a line between the two, and begin the next with a full stop."""

_AFTER = re.compile(r"(?:th|st|nd|rd|s)\b|(?!\w)", re.ASCII)
"""What may follow the second dollar: nothing of a word but an ending, as in $n$th. (Chinese stands next to it.)"""

_OWN_WORDS = re.compile(r"\\(?:text|mathrm|operatorname|mbox)\w*\*?\s*\{[^{}]*\}|\\[a-zA-Z]+|\{[^{}]*\}")
_PROSE = re.compile(r"(?:^|[\s,;:(])[^\W\d_]{2,}[,;:]?\s+[^\W\d_]{2,}")
_PRICE = re.compile(r"\d[\d.,]*\s.*[^\W\d_]{2,}", re.DOTALL)
_MATHEMATICAL = re.compile(r"[\\^_{}=<>+*/|()-]")


def plug_in(markdown: MarkdownIt) -> None:
    """Teach a parser formulas: before the backslash means an escape, and before a line of them means a list or a heading."""
    markdown.inline.ruler.before("escape", "formula", _inline)
    markdown.block.ruler.before("table", "formula", _block, {"alt": ["paragraph", "blockquote", "list"]})
    markdown.core.ruler.push("clinging", _cling)
    markdown.add_render_rule("formula", _render)
    markdown.add_render_rule("formula_block", _render_block)


# ---- in a line


def _inline(state: StateInline, silent: bool) -> bool:
    found = _find(state.src, state.pos, state.posMax)
    if found is None:
        return False
    opening, content, end = found
    state.env["budget"].spend(A_FORMULA)
    if not silent:
        token = state.push("formula", "", 0)
        token.markup, token.content = opening, content
    state.pos = end
    return True


def _find(text: str, begin: int, end: int) -> tuple[str, str, int] | None:
    """Return what opens a formula that begins here, what is in it, and where it ends."""
    found = _OPENING.match(text, begin, end)
    if found is None:
        return None
    opening, inside = found[0], found.end()
    closing = CLOSING[opening]
    close = _closing(text, closing, inside, min(end, inside + mathml.LONGEST))
    content = text[inside:close]
    if close < 0 or not content.strip() or "`" in content or is_prose(content):
        return None
    if "$" in opening and not _is_between_dollars(text, begin, close, content, closing):
        return None
    return opening, content, close + len(closing)


def _closing(text: str, closing: str, begin: int, end: int) -> int:
    """Return where a formula closes, or a negative number. A dollar behind a backslash is one of the formula's own."""
    close = text.find(closing, begin, end)
    while close > begin and text[close - 1] == "\\" and closing[0] == "$":
        close = text.find(closing, close + 1, end)
    return close


def _is_between_dollars(text: str, begin: int, close: int, content: str, closing: str) -> bool:
    """Tell a formula from two prices: its dollars cling to it, and to nothing else."""
    clings = not content[0].isspace() and not content[-1].isspace() and "\n" not in content
    before = text[begin - 1] if begin else " "
    apart = not (before.isascii() and before.isalnum()) and bool(_AFTER.match(text, close + len(closing)))
    says = (len(content) <= 2 or bool(_MATHEMATICAL.search(content))) and not _PRICE.match(_OWN_WORDS.sub(" ", content))
    return says and "$" not in before + content.replace("\\$", "") and (closing == "$$" or (clings and apart))


def is_prose(content: str) -> bool:
    """Are these words, and no formula? `see the other page`, but not `P(A \\text{ and then } B)`."""
    return bool(_PROSE.search(_OWN_WORDS.sub(" ", content)))


# ---- in lines of its own


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opening = state.src[begin : begin + 2]
    if opening not in ("$$", "\\["):
        return False
    last = _last_line(state, start_line, end_line, CLOSING[opening])
    if last is None:
        return False
    content = _content(state, start_line, last, opening)
    if is_prose(content) or not content.strip(_PUNCTUATION + " \n"):
        return False
    if not silent:
        state.line = last + 1
        token = state.push("formula_block", "", 0)
        token.markup, token.content, token.map = opening, content, [start_line, state.line]
    return True


def _last_line(state: StateBlock, start_line: int, end_line: int, closing: str) -> int | None:
    """Return the line in which the formula closes, with nothing behind it. None: it does not, or something else begins before."""
    budget: Budget = state.env["budget"]
    size = 0
    for line in range(start_line, end_line):
        words = _line(state, line).rstrip(_PUNCTUATION + " \t")
        size += len(words)
        budget.spend(ANY_SIGN)
        if state.isEmpty(line) or size > mathml.LONGEST or (line > start_line and state.sCount[line] < state.blkIndent):
            return None
        inside = words[2:] if line == start_line else words
        if closing in inside:
            return line if inside.find(closing) == len(inside) - 2 else None
    return None


def _content(state: StateBlock, first: int, last: int, opening: str) -> str:
    lines = "\n".join(_line(state, line).rstrip() for line in range(first, last + 1)).removeprefix(opening)
    words, _, punctuation = lines.rpartition(CLOSING[opening])
    return words + punctuation


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


# ---- and what clings to it


def _cling(state: StateCore) -> None:
    for token in state.tokens:
        children = token.children or []
        for place, child in enumerate(children):
            if child.type == "formula":
                _take(child, *(around[0] if around and around[0].type == "text" else None for around in (children[place - 1 : place], children[place + 1 :])))


def _take(formula: Token, before: Token | None, after: Token | None) -> None:
    """Give a formula the signs that its neighbours end and begin with; one that stands in a line of its own, those that close a sentence."""
    if before and not _is_displayed(formula) and (lead := _LEAD.search(before.content)):
        formula.meta["lead"], before.content = lead[0], before.content[: lead.start()]
    if after and (trail := _TRAIL.match(after.content)) and (not _is_displayed(formula) or trail[0] in tuple(_PUNCTUATION)):
        formula.meta["trail"], after.content = trail[0], after.content[trail.end() :]


def _is_displayed(formula: Token) -> bool:
    return formula.markup in ("$$", "\\[")


# ---- as HTML


def _render(renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
    token = tokens[idx]
    lead, trail = (html.escape(token.meta.get(part, "")) for part in ("lead", "trail"))
    if _is_displayed(token):
        return _formula(token, env["budget"], "block") or f"<code>{html.escape(source(token))}</code>{trail}"
    formula = _formula(token, env["budget"], "inline")
    if formula and (lead or trail):
        return f'<span class="{HELD}">{lead}{formula}{trail}</span>'
    return f"{lead}{formula or f'<code>{html.escape(source(token))}</code>'}{trail}"


def _render_block(renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
    token = tokens[idx]
    formula = _formula(token, env["budget"], "block")
    return f"{formula}\n" if formula else f"<pre><code>{html.escape(source(token))}\n</code></pre>\n"


def _formula(token: Token, budget: Budget, display: str) -> str | None:
    latex = token.content + (token.meta.get("trail", "") if display == "block" else "")
    return mathml.of(latex, display=display) if budget.affords(A_LETTER_OF_FORMULA * len(latex)) else None


def source(token: Token) -> str:
    return f"{token.markup}{token.content}{CLOSING[token.markup]}"
