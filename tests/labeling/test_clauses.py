"""What changed between two wordings: clause by clause, old beside new."""

from __future__ import annotations

import pytest

from labeling.clauses import Change, changes

OLD = """# Good

The better response answers the prompt.

## Length

- It is as long as it must be.
- It repeats nothing.

| Case | Verdict |
| --- | --- |
| refusal | worse |
"""


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (OLD, []),
        (OLD.replace("\n\n", "\n\n\n").replace("answers the", "answers  the"), []),
        (
            OLD.replace("as long as it must be", "as short as it can be"),
            [Change("Length", "- It is as long as it must be.", "- It is as short as it can be.")],
        ),
        (OLD.replace("- It repeats nothing.\n", ""), [Change("Length", "- It repeats nothing.", "")]),
        (OLD.replace("- It repeats nothing.", "- It repeats nothing.\n- No lists."), [Change("Length", "", "- No lists.")]),
        (OLD.replace("| refusal | worse |", "| refusal | worse, mostly |"), [Change("Length", "| refusal | worse |", "| refusal | worse, mostly |")]),
        (OLD.replace("## Length", "## Brevity"), [Change("", "## Length", "## Brevity")]),
    ],
)
def test_each_clause_by_itself(new: str, found: list[Change]) -> None:
    assert changes(OLD, new) == found


def test_kinds() -> None:
    assert [change.kind for change in (Change("", "a", "b"), Change("", "", "b"), Change("", "a", ""))] == ["changed", "added", "removed"]


def test_a_block_of_code_is_one_clause() -> None:
    code = "```\n# no heading\n\n- no item\n```"
    assert changes("Right:", f"Right:\n\n{code}") == [Change("", "", code)]


def test_all_of_it() -> None:
    assert changes("", "One.\n\nTwo.") == [Change("", "", "One."), Change("", "", "Two.")]
    assert changes("One.\n\nTwo.", "") == [Change("", "One.", ""), Change("", "Two.", "")]


def test_a_clause_that_moved_is_told_once_gone_and_once_come() -> None:
    found = changes("Be right.\n\nUse no lists.\n\nNever guess.", "Use no lists.\n\nNever guess.\n\nBe right.")
    assert found == [Change("", "Be right.", ""), Change("", "", "Be right.")]
