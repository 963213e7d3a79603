"""How much work one text may ask for. It is counted, so that the same text ends alike on every machine."""

from __future__ import annotations

MOST_WORK = 80_000
"""Of one text, in millionths of a second on the machine where these costs were measured (benchmarks/rendering.py). 64 KiB of prose take 2,000."""

MOST_COLOURED = 8_000
"""Characters of code in one text that are read for colours. Signs that a lexer does not know take it 11 µs each."""

A_BLOCK, A_CELL, A_FORMULA, A_LETTER_OF_FORMULA, A_LETTER_OF_CODE = 12, 12, 20, 15, 2
A_SIGN = {"[": 15, "*": 7, "_": 7, "~": 6, "\\": 6, "$": 4, "\n": 4}
"""What it costs to try the rules at a place in a line. An open bracket costs most: the parser looks for its end through what follows."""

ANY_SIGN = 3

MOST_LEVELS = 30
"""Elements inside one another. People stop at five lists, which are ten; a browser's own limit is 512."""


class TooMuch(Exception):
    """The text asks for more work, or for more levels, than a text that was written to be read."""


class Budget:
    """What is left for one text."""

    def __init__(self) -> None:
        self.work, self.coloured = MOST_WORK, MOST_COLOURED
        self.was_short = False
        """Something was left as it was written, for want of budget."""

    def spend(self, work: int) -> None:
        """Take from what is left. Raises TooMuch where that does not suffice: the whole text is then shown raw."""
        self.work -= work
        if self.work < 0:
            raise TooMuch

    def affords(self, work: int, *, coloured: int = 0) -> bool:
        """Take from what is left, or take nothing and remember that it did not suffice: this one part is then shown plainly."""
        if work > self.work or coloured > self.coloured:
            self.was_short = True
            return False
        self.work -= work
        self.coloured -= coloured
        return True
