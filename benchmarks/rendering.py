"""What it costs to lay a text out: `make bench-rendering`. Milliseconds for 64 KiB of each kind, the best of five; and what was shown raw or plain of it.

A text is rendered once, ahead, when its pair is made; this is what a labeler would wait where it is not. Asked for are 100 ms, or the text shown raw.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from labeling.rendering import PLAIN, SHOWN_BYTES, TANGLED, render_text
from labeling.rendering.budget import MOST_COLOURED
from labeling.rendering.colours import LANGUAGES, LONGEST_LINE

ASKED = 100.0
"""Milliseconds."""

PROSE = "Fold the dough **twice**, and let it *rest*: a [slow](https://bread.example/a) rise, e.g. of `10 h`, is a good one.\n\n"
LIST = "- Fold it\n  1. twice on a cold day\n  2. once on a warm one\n\n> Slow is good.\n\n| Hour | What |\n| ---: | :--- |\n| 8 | feed |\n\n"
FORMULAS = r"Let $x_i \in \mathbb{R}$, so that \(\frac{a}{b} \leq 1\) and $$\sum_{i=1}^n x_i = \sqrt{2}.$$" + "\n\n"
CODE = {
    "python": "def rise(warm: int) -> str:  # slowly\n    return f'{warm} h' if warm > 2 else \"wait\"\n\n",
    "javascript": "export const rise = async (warm) => { /* slowly */ return `${warm} h` ?? /a+b/g; };\n",
    "html": '<p class="a" onclick="go(1)">Slow &amp; good</p><script>let x = 1;</script><style>p { color: red }</style>\n',
    "json": '{"hour": 8, "what": ["feed", null, true], "deep": {"a": 1.5e3}}\n',
    "bash": 'for f in "$@"; do echo "${f%.txt}" | sed -e "s/a/b/" > /dev/null; done  # slowly\n',
    "cpp": '#include <vector>\ntemplate <class T> int rise(std::vector<T> const& v) { return v.size() > 2 ? 1 : 0; } // "slowly"\n',
    "sql": "SELECT hour, count(*) FROM rises WHERE what = 'feed' AND hour > 2 GROUP BY hour -- slowly\n",
}
# What makes a backtracking expression go back and forth: much of one thing, and openings without an end.
NASTY = [
    *"/\\\"'`(<[{#*-=:;@$%&|~!?.,_0a \n",
    "/*",
    "<!--",
    '"""',
    "'''",
    '\\"',
    "${",
    "$(",
    "<<",
    "a ",
    "a.",
    "a(",
    "a\n",
    "0x",
    "::",
    "->",
    "--",
    "a=",
    "<a ",
    "{%",
    "q{",
    "@{",
    "a:\n",
    "  a",
    "\\\n",
    "1e",
    "1_",
    "a<",
    "&a;",
    ">>> ",
    "@@",
    "[a](",
    "%{",
    "#{",
    "=~ /",
    "<?php ",
]


def kinds(size: int) -> Iterator[tuple[str, str]]:
    yield "prose", filled(PROSE, size)
    yield "lists, quotes and tables", filled(LIST, size)
    yield "formulas", filled(FORMULAS, size)
    for language, code in CODE.items():
        yield f"code: {language}", f"```{language}\n{filled(code, size)}```"
    yield from tangles(size)


def tangles(size: int) -> Iterator[tuple[str, str]]:
    for piece in ("*a **b _c ", "*_", "a\n", "-\n", "# a\n", "```\n", "<a", "~~a ", "\\[", "$a ", "$x$ ", "\\(", "\\[\n", "> ", "[", "`a ", "|a|\n|-|\n"):
        yield f"nothing but {piece!r}", filled(piece, size)


def filled(piece: str, size: int) -> str:
    return piece * (size // len(piece.encode()))


def milliseconds(text: str, times: int = 5) -> float:
    """Return the processor time of one rendering at best: what else the machine does is not the text’s."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        render_text(text)
        taken.append(time.process_time() - began)
    return min(taken) * 1000


def became(text: str) -> str:
    markup = render_text(text)
    return next((word for mark, word in ((TANGLED, "raw"), (PLAIN, "partly plain")) if mark in markup), "laid out")


def worst_code(language: str) -> tuple[float, str]:
    """Return the milliseconds of the worst text for a lexer, of those that are no more than is coloured, and what it is made of."""
    timed = ((milliseconds(f"```{language}\n{nasty}\n```", times=2), piece) for piece, nasty in nasties(MOST_COLOURED - 1))
    return max(timed)


def nasties(size: int) -> Iterator[tuple[str, str]]:
    for piece in NASTY:
        whole = piece * (size // len(piece))
        yield piece, "\n".join(whole[at : at + LONGEST_LINE] for at in range(0, len(whole), LONGEST_LINE))[:size]


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench-rendering", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=SHOWN_BYTES, help="bytes of each text")
    options.add_argument("--lexers", action="store_true", help="the worst text of each lexer, too: some minutes")
    args = options.parse_args()
    missed = []
    for name, text in kinds(args.size):
        taken = milliseconds(text)
        print(f"{taken:7.1f} ms  {became(text):12}  {name}", flush=True)
        missed += [name] if taken > ASKED else []
    for language in sorted(set(LANGUAGES.values())) if args.lexers else []:
        taken, piece = worst_code(language)
        print(f"{taken:7.1f} ms  {'':12}  {language}, of nothing but {piece!r}", flush=True)
        missed += [language] if taken > ASKED else []
    print(f"over {ASKED:g} ms: {', '.join(missed) or 'none'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
