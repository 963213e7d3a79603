"""What there is to say about prompt sets: how many, of which slices, and how many resemble each other. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count, QuerySet

from policies.models import Prompt, PromptSet

MOST_VALUES = 12

SLICES = """
SELECT prompt.prompt_set_id, slice.key, slice.value, count(*)
FROM policies_prompt AS prompt CROSS JOIN LATERAL jsonb_each_text(prompt.slices) AS slice
WHERE prompt.prompt_set_id = ANY(%s)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 4 DESC, 3
"""


@dataclass(frozen=True)
class SliceValues:
    """One slice of a set: its values with how many prompts have each, commonest first."""

    name: str
    values: list[tuple[str, int]]

    @property
    def first(self) -> list[tuple[str, int]]:
        return self.values[:MOST_VALUES]

    @property
    def others(self) -> int:
        return max(0, len(self.values) - MOST_VALUES)


@dataclass(frozen=True)
class SetLine:
    """A prompt set with its counts."""

    prompt_set: PromptSet
    prompts: int
    families: int
    slices: list[SliceValues] = field(default_factory=list)

    @property
    def kin(self) -> int:
        """Prompts whose normalised text another prompt of the set has too, beyond the first of each family."""
        return self.prompts - self.families

    def values_of(self, name: str) -> list[str]:
        return [value for one in self.slices if one.name == name for value, _ in one.first]

    @property
    def languages(self) -> list[str]:
        return self.values_of("language")

    @property
    def topics(self) -> list[str]:
        return self.values_of("topic")


def lines_of(sets: QuerySet[PromptSet]) -> list[SetLine]:
    """Return the sets with their counts and slices, in two queries."""
    counted = list(sets.select_related("created_by").annotate(count=Count("prompts"), families=Count("prompts__family", distinct=True)))
    slices = slices_of(prompt_set.pk for prompt_set in counted)
    return [SetLine(prompt_set, prompt_set.count, prompt_set.families, slices.get(prompt_set.pk, [])) for prompt_set in counted]


def slices_of(sets: Iterable[int]) -> dict[int, list[SliceValues]]:
    found: dict[int, dict[str, list[tuple[str, int]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SLICES, [list(sets)])
        for prompt_set, name, value, count in cursor.fetchall():
            found.setdefault(prompt_set, {}).setdefault(name, []).append((value, count))
    return {prompt_set: [SliceValues(name, values) for name, values in names.items()] for prompt_set, names in found.items()}


@dataclass(frozen=True)
class PromptLine:
    """A prompt on the page of its set."""

    prompt: Prompt
    relatives: int
    """How many other prompts of the set are of its family."""

    @property
    def last_turn(self) -> str:
        return str(self.prompt.messages[-1]["content"])

    @property
    def slices(self) -> list[tuple[str, str]]:
        return sorted(self.prompt.slices.items())

    @property
    def earlier_turns(self) -> int:
        return len(self.prompt.messages) - 1


def prompt_lines(prompts: Iterable[Prompt], prompt_set: PromptSet) -> list[PromptLine]:
    """Return these prompts of the set, each with the number of its relatives there."""
    prompts = list(prompts)
    families = Prompt.objects.filter(prompt_set=prompt_set, family__in={prompt.family for prompt in prompts})
    sizes = dict(families.values_list("family").annotate(count=Count("pk")).order_by())
    return [PromptLine(prompt, sizes[prompt.family] - 1) for prompt in prompts]
