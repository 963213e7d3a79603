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
BY_PEOPLE = ("dir", "hx-disable")
"""Attributes of elements that hold what people and models wrote."""
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}
FEWEST = 8
"""Letters beside its placeholders by which a text is known."""

TAG = re.compile(r"<[^>]+>")
# fmt: off
ENGLISH_ALONE = {
    "and", "at", "be", "been", "by", "for", "from", "have", "how", "is", "it", "its", "nobody", "not", "of", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "to", "was", "were", "what", "when", "where", "which", "who", "with",
}
# fmt: on
"""Small words of English that are no words of Spanish: in three words that say something one of them stands, more often than not."""


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


class HouseWords(Words):
    """Collects what the product says itself: nothing of what people and models wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        """Elements that are open, from one that somebody wrote."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth or any(name in BY_PEOPLE for name, _ in attrs):
            self.depth += tag not in VOID
        else:
            super().handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.depth:
            self.depth -= tag not in VOID
        else:
            super().handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if not self.depth:
            super().handle_data(data)


def words_in(page: str, parser: Words | None = None) -> Iterator[str]:
    """Yield each text of a page, with white space as it is shown."""
    parser = parser or Words()
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


def sounding_english(html: str) -> list[str]:
    """Return the sentences of a page, of the product's own, that read as English, whether or not anybody marked them."""
    return [text for text in words_in(html, HouseWords()) if is_english(text)]


def is_english(text: str) -> bool:
    words = re.findall(r"\b[^\W\d_]+\b", text.lower())
    return len(words) >= 3 and not ENGLISH_ALONE.isdisjoint(words)
