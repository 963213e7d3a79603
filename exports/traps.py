"""What trainers learn wrong from in silence, row by row: texts that are equal, empty, cut or doubled, prompts that carry a policy's own words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from exports import privacy
from policies.families import plain
from policies.identity import names_itself

KINDS = {
    "equal": "both sides say the same, but for case and white space",
    "empty": "a side says nothing",
    "cut": "a side was cut at its token limit",
    "doubled": "a side says everything twice",
    "repeats_prompt": "a side begins with the prompt: a trainer that is given both would see it twice",
    "system_prompt": "the prompt holds a policy's own system prompt",
    "template": "a text holds the marks of a chat template",
    "identity": "a side says who wrote it",
    "schema": "a line of the files has other columns or types than the first one, or a null",
    **privacy.KINDS,
}
"""Each kind of flag, in words."""

SHORTEST_REPEATED = 20
"""Characters, normalised. Shorter beginnings are the same by chance."""

TEMPLATE_MARKS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|endoftext|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What is looked at of a row: x as (role, content), both answers, and whether each was cut."""

    messages: Sequence[tuple[str, str]]
    chosen: str
    rejected: str
    chosen_cut: bool = False
    rejected_cut: bool = False


@dataclass(frozen=True, order=True)
class Flag:
    """Something to look at: of which kind, and where: `prompt.0` is the first turn. Characters from `start` to `end`; the whole text where both are 0."""

    kind: str
    where: str
    start: int = 0
    end: int = 0


def flags(sides: Sides, *, system_prompts: Collection[str] = ()) -> list[Flag]:
    """Return what is to be looked at in a row. `system_prompts` are those of policies, which must not be part of x."""
    return sorted({*traps(sides), *own_words(sides, system_prompts), *leaks(sides)})


def traps(sides: Sides) -> Iterator[Flag]:
    texts = {"chosen": sides.chosen, "rejected": sides.rejected}
    bare = {where: plain(text) for where, text in texts.items()}
    if bare["chosen"] == bare["rejected"]:
        yield Flag("equal", "chosen")
    asked = plain(sides.messages[-1][1])
    for where, text in bare.items():
        if not texts[where].strip():
            yield Flag("empty", where)
        if says_twice(" ".join(texts[where].split())):
            yield Flag("doubled", where)
        if len(asked) >= SHORTEST_REPEATED and text.startswith(asked):
            yield Flag("repeats_prompt", where)
    if sides.chosen_cut:
        yield Flag("cut", "chosen")
    if sides.rejected_cut:
        yield Flag("cut", "rejected")


def says_twice(text: str) -> bool:
    """Say whether a text, its white space aside, is one text and the same once more."""
    half = len(text) // 2
    return half >= SHORTEST_REPEATED and text[:half].strip() == text[len(text) - half :].strip()


def own_words(sides: Sides, system_prompts: Collection[str]) -> Iterator[Flag]:
    """Yield where x holds what only a policy was given, and where a text holds marks that a chat template sets."""
    known = {plain(prompt) for prompt in system_prompts if prompt.strip()}
    for where, text in texts_of(sides):
        if where.startswith("prompt") and known and any(own in plain(text) for own in known):
            yield Flag("system_prompt", where)
        for mark in TEMPLATE_MARKS:
            if (start := text.find(mark)) >= 0:
                yield Flag("template", where, start, start + len(mark))


def leaks(sides: Sides) -> Iterator[Flag]:
    """Yield who is told of: the writer of a side, and people anywhere."""
    for where, text in (("chosen", sides.chosen), ("rejected", sides.rejected)):
        if names_itself(text):
            yield Flag("identity", where)
    for where, text in texts_of(sides):
        yield from (Flag(match.kind, where, match.start, match.end) for match in privacy.personal_data(text))


def texts_of(sides: Sides) -> Iterator[tuple[str, str]]:
    yield from ((f"prompt.{place}", content) for place, (_, content) in enumerate(sides.messages))
    yield from (("chosen", sides.chosen), ("rejected", sides.rejected))


# The schema of a file


def shape_of(value: object) -> object:
    """Return the type of a JSON value as readers infer it: of an object its keys with their types, of a list the types in it."""
    if isinstance(value, Mapping):
        return tuple(sorted((key, shape_of(part)) for key, part in value.items()))
    if isinstance(value, list | tuple):
        return ("list", *sorted({repr(shape_of(part)) for part in value}))
    return "null" if value is None else type(value).__name__


def odd_lines(lines: Sequence[Mapping[str, object]], first: object = None) -> list[int]:
    """Return the places of lines whose columns or types are not those of the first line (or of the shape given), and of those that hold a null."""
    expected = shape_of(lines[0]) if first is None and lines else first
    return [place for place, line in enumerate(lines) if shape_of(line) != expected or "null" in repr(shape_of(line))]
