"""Reasons for people that Python says, and which of them are marked for translation: what a refusal is made with, wherever that stands in its module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

MARKED = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}
LATER = {"marked", *MARKED}
"""Where whoever shows a reason looks its words up."""

HOLE = "7"
"""What stands for each value of a sentence: a word and a number at once."""

FOREIGN = {"AuthenticationFailed", "CommandError", "Http404", "ParseError", "PermissionDenied", "ValidationError"}
CARRIERS = {"BadLine"}
TOLD = {"success", "info", "warning", "error"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Teller = Callable[[str], str]


class Said(NamedTuple):
    """A sentence that is not marked, by what it is made with, and where."""

    maker: str
    line: int
    words: str


# ---- classes -------------------------------------------------------------------------------------------------------


def name_of(node: ast.expr) -> str:
    """Return the last part of a dotted name; empty for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def classes_below(roots: Collection[str], sources: Iterable[str]) -> set[str]:
    """Return the names of all classes that come from one of these, in whatever module."""
    bases: dict[str, set[str]] = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(map(name_of, node.bases))
    found, known = set(roots), 0
    while len(found) > known:
        known = len(found)
        found |= {name for name, above in bases.items() if above & found}
    return found & bases.keys()


# ---- sentences -----------------------------------------------------------------------------------------------------


def text_of(node: ast.expr) -> str:
    """Return a literal text, with a hole for each value in it; empty for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return ""


def is_sentence(words: str) -> bool:
    """Words with something beside them: neither a name, nor a key, nor a separator."""
    return re.search(r"[a-z]{2}", words) is not None and " " in words.strip()


class Module:
    """A module's source, and what its refusals are made with."""

    def __init__(self, source: str, *, refusals: Collection[str], worded: Collection[str] = ()) -> None:
        self.tree = ast.parse(source)
        self.refusals, self.worded = refusals, worded

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, Function)}

    @cached_property
    def values(self) -> dict[str, list[ast.expr]]:
        """What is given to each name, anywhere in the module: two functions that use one name are both looked into."""
        found: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found.setdefault(name_of(target), []).append(node.value)
        return found

    @cached_property
    def makers(self) -> dict[str, str]:
        """What makes a refusal, by name: its class, or a function here that is handed what the refusal is to say."""
        handed_on = {}
        for name, function in self.functions.items():
            given = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and name_of(call.func) in self.refusals and given & set(map(name_of, call.args)):
                    handed_on[name] = name_of(call.func)
        return handed_on | {name: name for name in self.refusals}

    def unmarked(self) -> Iterator[Said]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                for maker, words in self.words_in(node):
                    yield from (Said(maker, node.lineno, said) for said in words)
            if isinstance(node, ast.ClassDef) and node.name in self.refusals:
                yield from self.said_by_itself(node)

    def said_by_itself(self, refusal: ast.ClassDef) -> Iterator[Said]:
        """Yield what a refusal's class says in its own initialiser."""
        for node in ast.walk(refusal):
            if isinstance(node, ast.Call) and name_of(node.func) == "__init__":
                yield from (Said(refusal.name, node.lineno, said) for said in self.among(node.args))

    def words_in(self, call: ast.Call) -> Iterator[tuple[str, Iterator[str]]]:
        """Yield what a call makes a reason with, if it makes one; and what it hands on to be named in a reason."""
        name = name_of(call.func)
        if refusal := self.makers.get(name):
            looked_up = LATER if refusal in self.worded else MARKED
            yield refusal, self.among([*call.args, *(keyword.value for keyword in call.keywords)], looked_up)
        elif name == "add_error" or (name in TOLD and isinstance(call.func, ast.Attribute) and name_of(call.func.value) == "messages"):
            yield name, self.among(call.args[1:])
        named = [keyword.value for keyword in call.keywords if keyword.arg == "what" and name != "format"]
        yield from (("what", self.in_expression(value, LATER, set())) for value in named)

    def among(self, parts: Iterable[ast.expr], looked_up: Collection[str] = MARKED) -> Iterator[str]:
        for part in parts:
            yield from self.in_expression(part, looked_up, set())

    def in_expression(self, node: ast.AST, looked_up: Collection[str], been: set[str]) -> Iterator[str]:
        """Yield the sentences of an expression that no translation sees: its own, and those of the names and functions of the module that it is made with."""
        if isinstance(node, ast.Call) and name_of(node.func) in looked_up:
            return
        if isinstance(node, ast.expr) and is_sentence(text_of(node)):
            yield text_of(node)
        for part in self.behind(node, been):
            yield from self.in_expression(part, looked_up, been)
        yield from (said for child in parts_of(node) for said in self.in_expression(child, looked_up, been))

    def behind(self, node: ast.AST, been: set[str]) -> list[ast.expr]:
        """Return what a name stands for, or what a function of this module gives back; each once."""
        name = name_of(node.func) if isinstance(node, ast.Call) else node.id if isinstance(node, ast.Name) else ""
        if not name or name in been:
            return []
        been.add(name)
        if isinstance(node, ast.Name):
            return self.values.get(name, [])
        function = self.functions.get(name)
        return [found.value for found in ast.walk(function) if isinstance(found, ast.Return) and found.value] if function else []


def parts_of(node: ast.AST) -> list[ast.AST]:
    """Return the parts of an expression that may be said: not what a condition asks, nor by which key something is looked up."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.JoinedStr):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.Compare):
        return []
    return [node.value] if isinstance(node, ast.Subscript) else list(ast.iter_child_nodes(node))


# ---- modules -------------------------------------------------------------------------------------------------------


def modules(root: Path, apps: Iterable[str]) -> dict[str, str]:
    """Return the sources of the apps by their paths; migrations are history."""
    found = (path for app in apps for path in sorted((root / app).rglob("*.py")) if "migrations" not in path.parts)
    return {str(path.relative_to(root)): path.read_text() for path in found}
