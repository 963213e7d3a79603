"""Does a text run in circles? What a language model does when it does not find its end."""

from __future__ import annotations

import re
from collections.abc import Sequence

# A word; or one character of a script that is written without spaces between words.
WORD = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+"
)

FEWEST_WORDS = 40
"""Below this nothing is said of a text: a short refrain is style."""

LONGEST_TAIL = 1200
"""Words at the end that are looked at for a passage said again and again."""

NGRAM, REPEATED_SHARE, TIMES = 4, 0.5, 5


def is_looping(text: str) -> bool:
    """Say whether half of the text has been said before, or its end is one passage, said at least five times in a row.

    Prose of people and of models that work repeats 1 to 10 % of its four-word sequences, verse with a refrain up to a third.
    """
    words = WORD.findall(text.casefold())
    if len(words) < FEWEST_WORDS:
        return False
    return repeated_share(words, NGRAM) > REPEATED_SHARE or repeated_tail(words[-LONGEST_TAIL:], times=TIMES) >= FEWEST_WORDS


def repeated_share(words: Sequence[str], n: int) -> float:
    """Return the share of n-grams that stood before in the text: 1 - distinct / all (seq-rep-n, Welleck et al. 2020). 0 if there is none.

    >>> round(repeated_share("to be or not to be or not".split(), 4), 3)
    0.2
    """
    ngrams = list(zip(*(words[start:] for start in range(n)), strict=False))
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def repeated_tail(words: Sequence[str], *, times: int) -> int:
    """Return how many words at the end are one passage said at least `times` times over, or 0.

    A prefix function (Knuth, Morris, Pratt 1977) of the words from the end: a tail of n words whose longest border has b words
    has the period n - b. One pass, whatever the length of the passage.

    >>> repeated_tail("so we go on and on and on and on".split(), times=3)
    7
    """
    turned = words[::-1]
    border = [0] * len(turned)
    longest = 0
    for end in range(1, len(turned)):
        kept = border[end - 1]
        while kept and turned[end] != turned[kept]:
            kept = border[kept - 1]
        border[end] = kept + (turned[end] == turned[kept])
        if (end + 1) >= times * (end + 1 - border[end]):
            longest = end + 1
    return longest
