"""Lexers for Pygments whose work grows with the text alone: for languages whose own lexers can be made to go back and forth for seconds.

Of 16,000 characters that were chosen for it, those of C, C++, C# and Java made 8 s and more, those of JavaScript, Go, R and CSS more than 1 s.
Each rule here reads what it consumes, or to the end of its line, and no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pygments.lexer import RegexLexer, bygroups, include
from pygments.token import Comment, Keyword, Name, Number, String, Text, Whitespace, _TokenType

Found = tuple[int, _TokenType, str]


def _word(lexer: Any, match: re.Match[str]) -> Iterator[Found]:
    """Tell keywords and types from names, for a lexer of `Braces`."""
    word = match[0]
    yield match.start(), Keyword if word in lexer.keywords else Keyword.Type if word in lexer.types else Name, word


class Braces(RegexLexer):  # type: ignore[misc]
    """What languages with braces share: comments, strings, numbers, words."""

    keywords: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    tokens = {
        "root": [
            (r"//[^\n]*", Comment),
            (r"/\*", Comment, "comment"),
            include("literals"),
            (r"\b(class|enum|fn|func|function|interface|namespace|struct|trait)([ \t]+)([^\W\d]\w*)", bygroups(Keyword, Whitespace, Name.Function)),
            (r"#[ \t]*(?:define|elif|else|endif|error|if|ifdef|ifndef|include|pragma|region|undef)\b", Comment.Preproc),
            (r"@[^\W\d]\w*", Name.Decorator),
            include("words"),
        ],
        "comment": [(r"[^*]+", Comment), (r"\*/", Comment, "#pop"), (r"\*", Comment)],
        "literals": [('"', String, "double"), ("'", String, "single"), ("`", String, "back"), (r"\d[\w.]*", Number)],
        "words": [(r"[^\W\d][\w$]*", _word), (r"\s+", Whitespace), (r"[^\w\s]+?", Text)],
        "double": [(r'[^"\\\n]+', String), (r"\\.", String), ('"', String, "#pop"), (r"\n", Whitespace, "#pop"), (r"\\", String)],
        "single": [(r"[^'\\\n]+", String), (r"\\.", String), ("'", String, "#pop"), (r"\n", Whitespace, "#pop"), (r"\\", String)],
        "back": [(r"[^`\\]+", String), (r"\\.", String), ("`", String, "#pop"), (r"\\", String)],
    }


def _words(said: str) -> frozenset[str]:
    return frozenset(said.split())


_FLOW = "break case catch continue default do else finally for if return switch throw try while"


class C(Braces):
    keywords = _words(f"{_FLOW} alignas alignof const extern goto inline register restrict sizeof static static_assert struct typedef union enum volatile")
    types = _words(
        "NULL bool char double false float int int8_t int16_t int32_t int64_t long nullptr short signed size_t true uint8_t uint32_t uint64_t unsigned void"
    )


class Cpp(Braces):
    keywords = C.keywords | _words(
        "and auto class co_await co_return co_yield concept consteval constexpr decltype delete explicit export final friend import module mutable "
        "namespace new noexcept not operator or override private protected public requires template this typename using virtual"
    )
    types = C.types | _words("char8_t map optional pair set shared_ptr std string string_view tuple unique_ptr unordered_map vector wchar_t")


class CSharp(Braces):
    keywords = _words(
        f"{_FLOW} abstract as async await base checked class const delegate enum event explicit extern fixed foreach get goto implicit in init interface "
        "internal is lock namespace new operator out override params partial private protected public readonly record ref sealed set sizeof static "
        "struct this typeof unsafe using var virtual where with yield"
    )
    types = _words("bool byte char decimal double dynamic false float int long null object sbyte short string true uint ulong ushort void")


class Java(Braces):
    keywords = _words(
        f"{_FLOW} abstract assert class enum extends final implements import instanceof interface native new package permits private protected public record "
        "sealed static strictfp super synchronized this throws transient var volatile yield"
    )
    types = _words("Boolean Double Integer List Long Map Object String boolean byte char double false float int long null short true void")


class JavaScript(Braces):
    keywords = _words(
        f"{_FLOW} async await class const debugger delete export extends from function get import in instanceof let new of set static super this typeof "
        "var with yield"
    )
    types = _words("Array Boolean Date Error Infinity JSON Map Math NaN Number Object Promise RegExp Set String Symbol console false null true undefined")


class TypeScript(Braces):
    keywords = JavaScript.keywords | _words(
        "abstract as declare enum implements infer interface is keyof module namespace override private protected public readonly satisfies type"
    )
    types = JavaScript.types | _words("Partial Readonly Record any bigint boolean never number object string symbol unknown void")


class Dart(Braces):
    keywords = JavaScript.keywords | _words(
        "abstract as assert enum extension factory final implements is late library mixin on part required rethrow sync typedef"
    )
    types = _words("Future List Map Set Stream String bool double dynamic false int null num true void")


class Go(Braces):
    keywords = _words(f"{_FLOW} chan defer fallthrough func go goto import interface map package range select struct type var const")
    types = _words(
        "any append bool byte cap complex128 copy delete error false float32 float64 int int8 int16 int32 int64 iota len make new nil panic rune string true "
        "uint uint8 uint16 uint32 uint64 uintptr"
    )


class R(Braces):
    keywords = _words("break else for function if in next repeat return while library require")
    types = _words("FALSE Inf NA NULL NaN TRUE c data.frame list matrix")
    tokens = {"root": [(r"#[^\n]*", Comment), include("literals"), include("words")]}


class Css(Braces):
    tokens = {
        "root": [
            (r"/\*", Comment, "comment"),
            (r"#[0-9a-fA-F]{3,8}\b", Number),
            (r"[@!][\w-]+", Keyword),
            (r"--[\w-]+|[a-z][a-z-]*(?=:)", Name.Attribute),
            (r"[.#][a-zA-Z_-][\w-]*", Name.Class),
            include("literals"),
            include("words"),
        ]
    }


OWN: dict[str, type[Braces]] = {
    "c": C, "cpp": Cpp, "csharp": CSharp, "css": Css, "dart": Dart, "go": Go, "java": Java, "javascript": JavaScript, "r": R, "typescript": TypeScript,
}  # fmt: skip
