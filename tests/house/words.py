"""What a page says, and what of it a reader of Spanish should not meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

from scripts import messages

SEEN_OR_HEARD = {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "data-says", "data-missing", "data-copied"}
NO_WORDS_WITHIN = {"code", "kbd", "pre", "script", "style", "svg"}
PLACEHOLDER = re.compile(r"%\\\(\w+\\\)s|\\\{\w+\\\}")
FEWEST = 8
"""Letters beside its placeholders by which a text is known."""

TAG = re.compile(r"<[^>]+>")


class Words(HTMLParser):
    """Collects what a page says to eyes and ears: its texts, and the attributes that are shown or read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NO_WORDS_WITHIN:
            self.within.append(tag)
        self.found += [value or "" for name, value in attrs if name in SEEN_OR_HEARD]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            self.within.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.found.append(data)


def words_in(page: str) -> Iterator[str]:
    """Yield each text of a page, with white space as it is shown."""
    parser = Words()
    parser.feed(page)
    yield from (text for found in parser.found if (text := " ".join(found.split())))


@cache
def english() -> re.Pattern[str]:
    """A pattern of all that says something else in Spanish: whole texts, whatever stands in their placeholders."""
    forms = []
    for entry in (entry for entry in messages.read("es") if not entry.context):
        both = zip(forms_of(entry.id), forms_of(entry.string), strict=True)
        forms += [meant for meant, said in both if meant and meant != said and re.search(r"[a-z]{2}", TAG.sub("", meant))]
    return re.compile("|".join(pattern_of(form) for form in sorted(forms, key=len, reverse=True)))


def forms_of(said: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [said] if isinstance(said, str) else list(said or [""])


def pattern_of(form: str) -> str:
    text = " ".join(TAG.sub(" ", form).replace("%%", "%").replace("&nbsp;", "\u00a0").split())
    fixed, pattern = re.subn(PLACEHOLDER, "", re.escape(text)), PLACEHOLDER.sub(".+", re.escape(text))
    return pattern if not fixed[1] or len(re.findall(r"[A-Za-z]", fixed[0])) >= FEWEST else "(?!)"


def left_in_english(html: str) -> list[str]:
    """Return the texts of a page that a reader of Spanish should not meet."""
    return [text for text in words_in(html) if english().fullmatch(text)]
