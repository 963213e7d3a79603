"""From hostile text to safe HTML: prompts, responses and rubrics, for every page that shows one.

Three walls, each enough alone for most of what may come: Markdown with HTML and images off; nh3 with an explicit
list (no link, image, id or style; of classes only those of code and formulas); and a Content-Security-Policy that admits no
inline script. The same text gives the same HTML on every machine: what bounds the work is a count, never a clock.
"""

from __future__ import annotations

import html
import logging
import re

from django.utils.safestring import SafeString, mark_safe

from accounts.marking import marked
from labeling.rendering import chips, layout, walls
from labeling.rendering.budget import Budget, TooMuch

RENDERER = "3"
"""The version of what this package writes. Raise it with every change that a reader could see."""

SHOWN_BYTES = 64 * 1024
"""How much of a text is shown, in bytes of UTF-8. What is longer is stored whole, shown cut, and says so."""

TANGLED = marked("This text is too tangled to be laid out: it is shown as raw text.")
PLAIN = marked("This text has more code or formulas than are laid out at once: some are shown as they were written.")
CUT = marked("Cut here: {n} KiB are shown of {all} KiB. It is stored, and exported, whole.")

LONGEST_WORD = 100
"""Characters. What is longer is no word, and is cut where the cut comes."""

_BEGUN = re.compile(r"(?<=\s)\S+$")
_SURROGATES = re.compile("[\ud800-\udfff]")
_log = logging.getLogger(__name__)


def render_text(text: str) -> SafeString:
    """Return safe HTML of Markdown. Never raises: what cannot be laid out is shown as raw text, with a mark."""
    shown, cut = _cut(text)
    try:
        body = _laid_out(shown)
    except Exception as error:  # whatever is wrong with one text, its pair stays readable
        if not isinstance(error, TooMuch):
            _log.exception("a text of %d characters could not be laid out", len(text))
        body = f"{_raw(shown)}{_mark(TANGLED)}"
    return mark_safe(body + cut)  # noqa: S308 - cleaned; what is added after the cleaning is ours


def render_raw(text: str) -> SafeString:
    """Return safe HTML that shows a text letter for letter, in a `pre` of class `raw`."""
    shown, cut = _cut(text)
    return mark_safe(_raw(shown) + cut)  # noqa: S308 - escaped in _raw


def _laid_out(text: str) -> str:
    budget = Budget()
    body = chips.shown(walls.clean(layout.lay_out(text, budget)))
    return body + (_mark(PLAIN) if budget.was_short else "")


def _cut(text: str) -> tuple[str, str]:
    """Return what is shown of a text, and the mark that says what is not."""
    sound = _SURROGATES.sub("\ufffd", text)
    stored = sound.encode()
    if len(stored) <= SHOWN_BYTES:
        return sound, ""
    shown = _whole_words(sound, stored[:SHOWN_BYTES].decode(errors="ignore"))
    return shown, _mark(CUT.format(n=SHOWN_BYTES // 1024, all=f"{len(stored) / 1024:,.0f}"))


def _whole_words(text: str, shown: str) -> str:
    """Leave out the beginning of a word that the cut went through."""
    begun = None if text[len(shown)].isspace() else _BEGUN.search(shown, len(shown) - LONGEST_WORD)
    return shown[: begun.start()] if begun else shown


def _raw(text: str) -> str:
    lines = html.escape(text.replace("\r\n", "\n"), quote=False)
    return f'<pre class="raw">\n{chips.shown(lines)}</pre>\n'  # a browser drops the newline after <pre>: it gets one of ours


def _mark(words: str) -> str:
    return f'<p class="cut">{words}</p>\n'
