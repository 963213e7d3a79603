"""What the database has of a version's stored rows: texts, labels that counted, lineage. Read in parts, in the order of the rows; writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connection

from exports import formats
from exports.lining import Names, Part
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


@dataclass(frozen=True)
class Known:
    """The rubric versions of a draft's rows, and all policies, by primary key."""

    rubrics: Mapping[int, RubricVersion]
    policies: Mapping[int, Policy]

    def names(self, secret: bytes) -> Names:
        return Names(
            rubric={pk: rubric_name(version) for pk, version in self.rubrics.items()},
            policy={pk: policy_name(policy) for pk, policy in self.policies.items()},
            pinned={pk: pinned(policy) for pk, policy in self.policies.items()},
            secret=secret,
        )


def rubric_name(version: RubricVersion) -> str:
    return f"{version.rubric.name}@{version.number}"


def pinned(policy: Policy) -> tuple[str, str, str, str, str]:
    """Return what every response of a policy has in common: the first fields of an Origin."""
    system = hashlib.sha256(policy.system_prompt.encode()).hexdigest() if policy.system_prompt else ""
    return policy_name(policy), policy.weights_sha256, policy.template_sha256, system, formats.canonical(policy.sampling)


def known_to(made: Draft) -> Known:
    rubrics = RubricVersion.objects.filter(pk__in=list(made.totals.rubric_versions)).select_related("rubric")
    return Known(rubrics.in_bulk(), Policy.objects.in_bulk())


def parts(made: Draft) -> Iterator[Part]:
    """Yield what the database has of the rows, in their order, some at a time.

    The next ones are read meanwhile, on the same connection: between two of them the caller asks the database nothing.
    """
    connection.ensure_connection()
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, connection.connection, made.version, 1)
        for first in range(1, made.totals.rows + 1, AT_ONCE):
            part = ahead.result()
            ahead = reader.submit(read, connection.connection, made.version, first + AT_ONCE)
            yield part


def read(database: Any, version: int, first: int) -> Part:
    """Return what the database has of some rows, and of their votes."""
    values = {"version": version, "first": first, "last": first + AT_ONCE - 1, "own": OWN}
    with database.cursor() as cursor:
        return cursor.execute(TEXTS, values).fetchall(), cursor.execute(VOTES, values).fetchall()
