"""Code in a few colours, by Pygments: what kind of word each is, as one of eight classes."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator
from functools import cache

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String, _TokenType

from labeling.rendering.lexers import OWN

CLASSES = {"k", "s", "n", "c", "f", "b", "gi", "gd"}
"""Keyword, string, number, comment, name that is made, name that is given, line that comes, line that goes."""

# fmt: off
_CLASS_OF = {
    Comment: "c", Comment.Preproc: "k", Comment.PreprocFile: "s",
    Keyword: "k", Keyword.Constant: "b", Keyword.Type: "b", Operator.Word: "k",
    String: "s", Number: "n", Literal: "n",
    Name.Function: "f", Name.Class: "f", Name.Tag: "k", Name.Attribute: "b", Name.Builtin: "b", Name.Decorator: "b", Name.Exception: "b", Name.Entity: "b",
    Generic.Inserted: "gi", Generic.Deleted: "gd", Generic.Heading: "f", Generic.Subheading: "c", Generic.Prompt: "c", Generic.Output: "",
}
# The name behind the backticks, and the lexer's: our own where there is one, or one of Pygments' that is known to come to an end in time.
LANGUAGES = {
    "bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash", "console": "console",
    "c": "c", "h": "c", "cpp": "cpp", "c++": "cpp", "cc": "cpp", "hpp": "cpp", "csharp": "csharp", "c#": "csharp", "cs": "csharp",
    "css": "css", "dart": "dart", "diff": "diff", "patch": "diff", "docker": "docker", "dockerfile": "docker",
    "go": "go", "golang": "go", "haskell": "haskell", "hs": "haskell", "html": "xml", "vue": "xml", "ini": "ini", "java": "java",
    "javascript": "javascript", "js": "javascript", "jsx": "javascript", "mjs": "javascript", "json": "json", "jsonc": "json",
    "julia": "julia", "kotlin": "kotlin", "kt": "kotlin", "lua": "lua",
    "php": "php", "powershell": "powershell", "ps1": "powershell", "python": "python", "py": "python", "python3": "python", "pycon": "pycon",
    "r": "r", "ruby": "ruby", "rb": "ruby", "rust": "rust", "rs": "rust", "scala": "scala", "sql": "sql", "postgresql": "sql", "mysql": "sql",
    "swift": "swift", "toml": "toml", "typescript": "typescript", "ts": "typescript", "tsx": "typescript",
    "xml": "xml", "svg": "xml", "yaml": "yaml", "yml": "yaml",
}
# fmt: on

LONGEST_LINE = 1_000
"""Characters. Longer ones are made by machines, and are what makes a lexer go back and forth."""


def language_of(info: str) -> str | None:
    """Return Pygments' name for what stands behind the backticks, where it names a language that is coloured."""
    words = info.split()
    return LANGUAGES.get(words[0].lower()) if words else None


def coloured(code: str, language: str) -> str | None:
    """Return HTML of code with a `span` round what has a colour. None where its lexer cannot be trusted with it."""
    if any(len(line) > LONGEST_LINE for line in code.splitlines()):
        return None
    found = list(_runs(code, _lexer(language)))
    if "".join(text for _, text in found) != code:
        return None
    return "".join(_span(name, text) for name, text in found)


def _runs(code: str, lexer: Lexer) -> Iterator[tuple[str, str]]:
    kinds = ((_class_of(kind), text) for _, kind, text in lexer.get_tokens_unprocessed(code))
    for name, run in itertools.groupby(kinds, key=lambda pair: pair[0]):
        yield name, "".join(text for _, text in run)


@cache
def _class_of(kind: _TokenType) -> str:
    """Return the class of the nearest kind that has one."""
    return next((_CLASS_OF[above] for above in reversed(kind.split()) if above in _CLASS_OF), "")


def _span(name: str, text: str) -> str:
    words = html.escape(text, quote=False)
    return f'<span class="{name}">{words}</span>' if name and text.strip() else words


@cache
def _lexer(language: str) -> Lexer:
    return (OWN.get(language) or find_lexer_class_by_name(language))()
