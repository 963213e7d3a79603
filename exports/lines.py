"""From a version's stored rows to what its files tell of each: texts, labels that counted, lineage. Read in parts, in the order of the rows; writes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from django.db import connection

from exports import formats
from exports.formats import Origin, Row, Vote
from exports.rows import Draft, policy_name
from labeling.models import RubricVersion
from policies.models import Policy

AT_ONCE = 2000
"""Rows whose texts are in memory at once."""

# What of a response's lineage is its own, or names a machine, stands elsewhere or nowhere; what is left is the same for many.
TEXTS = """
SELECT row.key, prompt.content_sha256, row.family, campaign.slug, row.split, prompt.messages::text, chosen.text, rejected.text,
       row.margin, row.settled, row.rule, cardinality(row.labels), row.adjudication IS NULL, ruling.preference IS NOT NULL,
       CASE WHEN row.chosen_id = pair.response_a_id THEN 'a' ELSE 'b' END,
       row.rubric_version_id, prompt.slices::text, prompt.source, prompt.licence,
       chosen.policy_id, (chosen.lineage - %(own)s::text[])::text, chosen.lineage ->> 'seed', chosen.finish_reason, chosen.token_ids,
       rejected.policy_id, (rejected.lineage - %(own)s::text[])::text, rejected.lineage ->> 'seed', rejected.finish_reason, rejected.token_ids
FROM exports_datasetrow AS row
JOIN labeling_pair AS pair ON pair.id = row.pair_id
JOIN labeling_campaign AS campaign ON campaign.id = pair.campaign_id
JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id
JOIN policies_response AS chosen ON chosen.id = row.chosen_id
JOIN policies_response AS rejected ON rejected.id = row.rejected_id
LEFT JOIN labeling_adjudication AS ruling ON ruling.id = row.adjudication
WHERE row.version_id = %(version)s AND row.position BETWEEN %(first)s AND %(last)s
ORDER BY row.position
"""
Found = tuple[Any, ...]
OWN = ["worker", "endpoint", "seed", "attempt", "prompt_tokens", "names_itself"]

# A label that was made elsewhere was served by no strategy, whatever its place says.
VOTES = """
SELECT row.key, label.labeler_id, label.verdict, label.preference, label.both_bad, label.rubric_version_id, slot.kind, label.source,
       to_char(label.submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       CASE label.source WHEN 'imported' THEN '' ELSE slot.ranked_by END, slot.planned_share
FROM exports_datasetrow AS row
CROSS JOIN LATERAL unnest(row.labels) AS counted (label)
JOIN labeling_label AS label ON label.id = counted.label
JOIN labeling_slot AS slot ON slot.id = label.slot_id
WHERE row.version_id = %(version)s AND row.position BETWEEN %(first)s AND %(last)s
"""


class Told(NamedTuple):
    """All that the files tell of one row."""

    row: Row
    votes: Sequence[Vote]
    chosen: Origin
    rejected: Origin


@dataclass
class Names:
    """How rubric versions and policies are called, by primary key, and people, by a name of this dataset's own."""

    rubrics: Mapping[int, RubricVersion]
    policies: Mapping[int, Policy]
    secret: bytes
    people: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rubric = {pk: rubric_name(version) for pk, version in self.rubrics.items()}
        self.policy = {pk: policy_name(policy) for pk, policy in self.policies.items()}
        self.pinned = {pk: pinned(policy) for pk, policy in self.policies.items()}

    def person(self, pk: int) -> str:
        if pk not in self.people:
            self.people[pk] = formats.pseudonym(str(pk), secret=self.secret)
        return self.people[pk]


def rubric_name(version: RubricVersion) -> str:
    return f"{version.rubric.name}@{version.number}"


def pinned(policy: Policy) -> tuple[str, str, str, str, str]:
    """Return what every response of a policy has in common: the first fields of an Origin."""
    system = hashlib.sha256(policy.system_prompt.encode()).hexdigest() if policy.system_prompt else ""
    return policy_name(policy), policy.weights_sha256, policy.template_sha256, system, formats.canonical(policy.sampling)


def names_of(made: Draft) -> Names:
    rubrics = RubricVersion.objects.filter(pk__in=list(made.totals.rubric_versions)).select_related("rubric")
    return Names(rubrics.in_bulk(), Policy.objects.in_bulk(), bytes.fromhex(made.dataset.secret))


def told(made: Draft, names: Names) -> Iterator[list[Told]]:
    """Yield the rows in their order, some at a time, each with its labels and its lineage.

    The next ones are read meanwhile, on the same connection: between two of them the caller asks the database nothing.
    """
    connection.ensure_connection()
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, connection.connection, made.version, 1)
        for first in range(1, made.totals.rows + 1, AT_ONCE):
            texts, votes = ahead.result()
            ahead = reader.submit(read, connection.connection, made.version, first + AT_ONCE)
            by_row = votes_by_row(votes, names)
            yield [told_of(row, by_row[row[0]], names) for row in texts]


def read(database: Any, version: int, first: int) -> tuple[list[Found], list[Found]]:
    """Return what the database has of some rows, and of their votes."""
    values = {"version": version, "first": first, "last": first + AT_ONCE - 1, "own": OWN}
    with database.cursor() as cursor:
        return cursor.execute(TEXTS, values).fetchall(), cursor.execute(VOTES, values).fetchall()


def votes_by_row(found: Sequence[Found], names: Names) -> Mapping[str, list[Vote]]:
    """Return the labels that counted, by the key of their row. No rationale: it may be erased one day, and a version's bytes may not change."""
    votes: dict[str, list[Vote]] = defaultdict(list)
    for key, labeler, verdict, preference, both_bad, rubric, kind, source, at, strategy, share in found:
        votes[key].append(Vote(key, names.person(labeler), verdict, preference, both_bad, names.rubric[rubric], kind, source, at, strategy, share))
    for said in votes.values():
        said.sort(key=by_person)
    return votes


def by_person(vote: Vote) -> tuple[Any, ...]:
    return vote.labeler, vote.labeled_at


def told_of(found: Found, votes: Sequence[Vote], names: Names) -> Told:
    key, prompt, family, campaign, split, messages, chosen, rejected, margin, settled, rule, labels, is_agreed, ruled_with_strength, verdict = found[:15]
    rubric, slices, source, licence, *sides = found[15:]
    agreed = [vote.verdict for vote in votes]
    row = Row(
        pair_id=key,
        prompt_id=prompt,
        family=family,
        campaign=campaign,
        split=split,
        messages=turns(messages),
        chosen=chosen,
        rejected=rejected,
        margin=margin,
        strengths_counted=sum(vote.preference is not None for vote in votes) if is_agreed else int(ruled_with_strength),
        p_chosen=formats.p_chosen(chosen=agreed.count(verdict) + (not is_agreed), ties=agreed.count("tie"), judgments=len(agreed) + (not is_agreed)),
        verdict=verdict,
        standing=settled,
        rule=rule,
        labels_counted=labels,
        chosen_policy=names.policy[sides[0]],
        rejected_policy=names.policy[sides[5]],
        rubric_version=names.rubric[rubric],
        slices=canonical_text(slices),
        source=source,
        licence=licence,
    )
    return Told(row, votes, origin(sides[:5], names), origin(sides[5:], names))


def origin(side: Sequence[Any], names: Names) -> Origin:
    policy, facts, seed, finish_reason, token_ids = side
    return Origin(*names.pinned[policy], canonical_text(facts), seed or "", finish_reason, token_ids)


@lru_cache(maxsize=1024)
def turns(messages: str) -> list[dict[str, str]]:
    """Return a prompt's messages; rows of one prompt stand together."""
    return [formats.message(turn["role"], turn["content"]) for turn in orjson.loads(messages)]


@lru_cache(maxsize=4096)
def canonical_text(value: str) -> str:
    """Return the JSON that PostgreSQL has as we write it."""
    return formats.canonical(orjson.loads(value))
