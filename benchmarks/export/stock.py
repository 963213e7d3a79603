"""A million settled pairs, straight into the tables: agreed, each with two labels that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.queue import stock

# Each of six stretches of six texts: prompts that are near duplicates of others would become large families, which is not what is measured here.
PROMPTS = """
INSERT INTO policies_prompt (id, prompt_set_id, external_id, messages, content_sha256, family, slices, source, licence, created_at)
SELECT n, %(prompt_set)s, '', jsonb_build_array(jsonb_build_object('role', 'user', 'content', content)), hash, hash, '{}', '', '', now()
FROM generate_series(1, %(prompts)s::bigint) AS n
CROSS JOIN LATERAL (
    SELECT format('T%%s-P ', lpad(n::text, 6, '0')) || string_agg(substr(body, 1 + (hashint8(n * 31 + piece) & 1023), 48), ' ' ORDER BY piece) AS content
    FROM generate_series(1, 6) AS piece JOIN material ON number = (hashint8(n * 7 + piece) & 2147483647) %% %(texts)s) AS m
CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') AS hash) AS h
"""
PAIRS = """
INSERT INTO labeling_pair (id, campaign_id, prompt_id, response_a_id, response_b_id, rubric_version_id, external_id, trouble, asked_differently, created_at,
                           standing, verdict, margin, settled_at, settled_by, lot, priority)
SELECT n, %(campaign)s, asked, (asked - 1) * 5 + two.a, (asked - 1) * 5 + two.b, %(rubric_version)s, '', '', false, now(),
       'agreed', CASE WHEN n %% 2 = 0 THEN 'a' ELSE 'b' END, CASE WHEN n %% 2 = 0 THEN -1.5 ELSE 1.5 END, now(), 'strict-majority/1', n %% 10000, 50
FROM generate_series(1, %(pairs)s::bigint) AS n
CROSS JOIN LATERAL (SELECT (n - 1) / 10 + 1 AS asked) AS here
JOIN (SELECT row_number() OVER () AS number, a, b FROM generate_series(1, 5) AS a JOIN generate_series(1, 5) AS b ON a < b) AS two
  ON two.number = (n - 1) %% 10 + 1
"""
SLOTS = """
INSERT INTO labeling_slot (id, campaign_id, pair_id, rubric_version_id, kind, pool, rank, ranked_by, planned_share, left_is_a, labeler_id, closed_at)
SELECT (n - 1) * 2 + ordinal + 1, %(campaign)s, n, %(rubric_version)s, 'work', '', n * 64 + ordinal, 'finish', 100, ordinal = 0,
       (%(crowd)s::bigint[])[1 + (n * 2 + ordinal * 7) %% %(people)s], now()
FROM generate_series(1, %(pairs)s::bigint) AS n CROSS JOIN generate_series(0, 1) AS ordinal
"""
LABELS = """
INSERT INTO labeling_label (pair_id, slot_id, labeler_id, rubric_version_id, verdict, preference, both_bad, reasons, rationale,
                            source, submission_key, is_retraction, submitted_at, erased_why, erased_sha256)
SELECT pair_id, id, labeler_id, rubric_version_id, CASE WHEN pair_id %% 2 = 0 THEN 'a' ELSE 'b' END,
       CASE WHEN pair_id %% 2 = 0 THEN -1 ELSE 1 END * (1 + id %% 2), false, '{}', '', 'imported', md5('s' || id)::uuid, false,
       timestamptz '2026-01-01' + id * interval '1 second', '', ''
FROM labeling_slot
"""


@dataclass(frozen=True)
class Given:
    """What the product's code has made: ids that the rows point at."""

    campaign: int
    rubric_version: int
    prompt_set: int
    policies: Sequence[int]
    crowd: Sequence[int]


def load(connection: psycopg.Connection, given: Given, *, pairs: int) -> None:
    """Fill a database that is new and migrated, and leave it as a server in use would be."""
    stock.lay_out(connection)
    sizes = {"texts": stock.TEXTS, "response_length": stock.RESPONSE, "prompts": -(-pairs // stock.PAIRS_A_PROMPT)}
    values = vars(given) | sizes | {"policies": list(given.policies), "pairs": pairs, "people": len(given.crowd)}
    for statement in (PROMPTS, stock.RESPONSES, PAIRS, SLOTS, LABELS):
        connection.execute(statement, values)
    for table in stock.FILLED:
        if table != "labeling_assignment":
            last = stock.last_id(connection, table)
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), %s)", [max(1, last)])
    stock.hand_over(connection)
