"""Characters that cannot be seen, made visible."""

from __future__ import annotations

import re

from accounts.marking import marked

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
_SUSPECT = re.compile(f"[{_UNSEEN}\ufe00-\ufe0f]")  # found many times faster: most texts have none
_IN_A_ROW = 12
MORE = marked("and {n} more that cannot be seen")


def shown(markup: str) -> str:
    """Show each hidden character of cleaned HTML as a chip.

    In cleaned HTML such characters stand in text alone: attributes hold words of ours or digits. A text that
    writes a chip's own HTML has been escaped by now, so a chip cannot be forged.
    """
    return _HIDDEN.sub(_of_run, markup) if _SUSPECT.search(markup) else markup


def are_needed(text: str) -> bool:
    """Is there anything in a text that cannot be seen?"""
    return bool(_SUSPECT.search(text)) and any(found[1] for found in _HIDDEN.finditer(text))


def _of_run(found: re.Match[str]) -> str:
    run = found[1]
    if run is None:
        return found[0]
    chips = [f'<span class="hiddenchar">U+{ord(char):04X}</span>' for char in run[:_IN_A_ROW]]
    if len(run) > _IN_A_ROW:
        more = MORE.format(n=f"{len(run) - _IN_A_ROW:,}")
        chips.append(f'<span class="hiddenchar">{more}</span>')
    return "".join(chips)
