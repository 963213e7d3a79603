"""The catalogues of translations: `make messages` brings locale/ in step with what the sources mark, and says what is not translated yet."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, Token, TokenType
from django.utils.translation import trim_whitespace

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
APPS = ("accounts", "config", "exports", "labeling", "policies")
LANGUAGES = ("en", "es")
# The same sources give the same bytes, whenever they are read.
DATED = datetime(2026, 1, 1, tzinfo=UTC)
# How many leading arguments of a call are words of the reader's language, and whether a context stands before them.
CALLS = {"_": (1, False), "gettext": (1, False), "gettext_lazy": (1, False), "gettext_noop": (1, False), "marked": (1, False)}
CALLS |= {"ngettext": (2, False), "ngettext_lazy": (2, False), "pgettext": (1, True), "pgettext_lazy": (1, True)}
TRANSLATE = re.compile(r"""translate\s+("[^"]*"|'[^']*')(?:.*\bcontext\s+("[^"]*"|'[^']*'))?""", re.S)
CONTEXT = re.compile(r"""\bcontext\s+("[^"]*"|'[^']*')""")
LITERAL = re.compile(r"""\b_\(("[^"]*"|'[^']*')\)""")


class Message(NamedTuple):
    """What is translated as one: `plural` is empty where there is none, `context` where the words alone say enough."""

    words: str
    plural: str = ""
    context: str = ""


# ---- what is marked ------------------------------------------------------------------------------------------------


def of_template(source: str) -> Iterator[Message]:
    """Yield what a template marks, as Django looks it up: percent signs doubled, white space trimmed where the tag says so."""
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type == TokenType.BLOCK and token.contents.split()[0] == "blocktranslate":
            yield of_block(token.contents, tokens)
        elif token.token_type == TokenType.BLOCK and (found := TRANSLATE.match(token.contents)):
            yield Message(found[1][1:-1].replace("%", "%%"), "", (found[2] or "  ")[1:-1])
        if token.token_type in (TokenType.BLOCK, TokenType.VAR):
            yield from (Message(found[1][1:-1].replace("%", "%%")) for found in LITERAL.finditer(token.contents))


def of_block(tag: str, tokens: Iterator[Token]) -> Message:
    forms, context = [""], CONTEXT.search(tag)
    for token in tokens:
        if token.token_type == TokenType.BLOCK and token.contents == "endblocktranslate":
            break
        if token.token_type == TokenType.BLOCK:
            forms.append("")
        else:
            forms[-1] += f"%({token.contents})s" if token.token_type == TokenType.VAR else token.contents.replace("%", "%%")
    words, plural = ([trim_whitespace(form) if " trimmed" in tag else form for form in forms] + [""])[:2]
    return Message(words, plural, context[1][1:-1] if context else "")


def of_python(source: str) -> Iterator[Message]:
    """Yield the literal words of calls that look them up, or mark them for a later one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in CALLS:
            continue
        number, has_context = CALLS[node.func.id]
        said = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
        context = said.pop(0) if has_context else ""
        if len(said) == number:
            yield Message(said[0], "".join(said[1:]), context)


def marked() -> dict[Message, list[str]]:
    """Return all that the sources mark, each with the files that do."""
    found: dict[Message, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for message in of_template(path.read_text()):
            found[message].add(str(path.relative_to(ROOT)))
    for path in sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts):
        for message in of_python(path.read_text()):
            found[message].add(str(path.relative_to(ROOT)))
    return {message: sorted(places) for message, places in found.items()}


# ---- catalogues ----------------------------------------------------------------------------------------------------


def file_of(language: str, ending: str = "po") -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{ending}"


def read(language: str) -> Catalog:
    """Return the catalogue as it is stored; an empty one if there is none yet."""
    if not file_of(language).exists():
        return Catalog(locale=language)
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language, ignore_obsolete=True)


def in_step(language: str) -> Catalog:
    """Return the catalogue of what is marked now, with the translations that there are. English translates itself."""
    stored = read(language)
    catalog = Catalog(locale=language, project="Tiebreak", version="", creation_date=DATED, revision_date=DATED, fuzzy=False, header_comment="")
    for message, places in sorted(marked().items()):
        words: str | tuple[str, str] = (message.words, message.plural) if message.plural else message.words
        there = stored.get(words, context=message.context or None)
        said = words if language == "en" else (there.string if there else "")
        catalog.add(words, said, locations=[(place, 0) for place in places], context=message.context or None)
    return catalog


def written(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=160, sort_output=True, include_lineno=False)
    return file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def lacking(catalog: Catalog) -> list[str]:
    """Return the words that have no translation."""
    forms = {message.id if isinstance(message.id, str) else message.id[0]: message.string for message in catalog if message.id}
    return [str(words) for words, said in forms.items() if not said or not (isinstance(said, str) or all(said))]


def main() -> int:
    for language in LANGUAGES:
        catalog = in_step(language)
        file_of(language).parent.mkdir(parents=True, exist_ok=True)
        file_of(language).write_bytes(written(catalog))
        file_of(language, "mo").write_bytes(compiled(catalog))
        print(f"{language}: {len(catalog)} messages, {len(lacking(catalog))} not translated")
        for words in lacking(catalog):
            print(f"  {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
