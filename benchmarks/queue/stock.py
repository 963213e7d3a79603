"""Campaigns of a million pairs, straight into the tables: what the product would have stored, in sets of rows instead of one request at a time.

Foreign keys and triggers are off meanwhile (`session_replication_role`, for a superuser): every row is worked out from rows stored just before.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.material import text

TEXTS, PROMPT, RESPONSE = 500, 290, 600
"""Different texts, of so many characters in a prompt and in a response; each row has a key before its own stretch of one."""
PAIRS_A_PROMPT = 10
"""Every two of a prompt's five responses."""
PLACES = 3
OF_TEN = 10
"""In the campaign that is nearly done each pair was labeled by three of thirty people: by its number's last digit."""

PROMPTS = """
INSERT INTO policies_prompt (id, prompt_set_id, external_id, messages, content_sha256, family, slices, source, licence, created_at)
SELECT n, %(prompt_set)s, '', jsonb_build_array(jsonb_build_object('role', 'user', 'content', content)), hash, hash, '{}', '', '', now()
FROM generate_series(1, %(prompts)s::bigint) AS n
CROSS JOIN LATERAL (
    SELECT format('T%%s-P ', lpad(n::text, 6, '0')) || left(body, %(prompt_length)s) AS content FROM material WHERE number = n %% %(texts)s) AS m
CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') AS hash) AS h
"""
RESPONSES = """
INSERT INTO policies_response (id, prompt_id, policy_id, text, sha256, finish_reason, lineage, created_at)
SELECT (n - 1) * 5 + side, n, (%(policies)s::bigint[])[side], body,
       encode(sha256(convert_to(body, 'UTF8')), 'hex'), 'imported', '{}', now()
FROM generate_series(1, %(prompts)s::bigint) AS n CROSS JOIN generate_series(1, 5) AS side
CROSS JOIN LATERAL (
    SELECT format('T%%s-%%s ', lpad(n::text, 6, '0'), side) || substr(body, (1 + n %% 500)::int, %(response_length)s) AS body
    FROM material WHERE number = (n * 7 + side) %% %(texts)s) AS m
"""
PAIRS = """
INSERT INTO labeling_pair (id, campaign_id, prompt_id, response_a_id, response_b_id, rubric_version_id, external_id, trouble, asked_differently, created_at,
                           standing, verdict, margin, settled_at, settled_by, lot, priority)
SELECT %(pairs_from)s + n, %(campaign)s, asked, (asked - 1) * 5 + two.a, (asked - 1) * 5 + two.b,
       %(rubric_version)s, '', '', false, now(), standing.name, CASE WHEN agreed THEN 'a' END, CASE WHEN agreed THEN -1 END,
       CASE WHEN agreed THEN now() END, CASE WHEN agreed THEN 'strict-majority/1' ELSE '' END, n %% 10000, 50
FROM generate_series(1, %(pairs)s::bigint) AS n
CROSS JOIN LATERAL (SELECT (n - 1) / 10 + 1 AS asked, %(done)s AND n %% 100 NOT IN (0, 33, 66) AS agreed) AS here
CROSS JOIN LATERAL (SELECT CASE WHEN agreed THEN 'agreed' ELSE 'waiting' END AS name) AS standing
JOIN (SELECT row_number() OVER () AS number, a, b FROM generate_series(1, 5) AS a JOIN generate_series(1, 5) AS b ON a < b) AS two
  ON two.number = (n - 1) %% 10 + 1
"""
# In the open campaign some have labeled one place of the first so many pairs. In the other, all is labeled but for one place in a hundred, which
# somebody who is gone still holds.
SLOTS = """
INSERT INTO labeling_slot (id, campaign_id, pair_id, rubric_version_id, kind, pool, rank, ranked_by, planned_share, left_is_a,
                           labeler_id, closed_at, lease, lease_ends_at)
SELECT id, %(campaign)s, pair_id, %(rubric_version)s, 'work', '', pair_id * 64 + ordinal, 'finish', 100, random() < 0.5,
       labeler, CASE WHEN labeler IS NOT NULL AND NOT vanished THEN now() END,
       CASE WHEN vanished THEN md5('a' || id)::uuid END, CASE WHEN vanished THEN now() - interval '1 hour' END
FROM generate_series(1, %(pairs)s::bigint) AS n CROSS JOIN generate_series(0, 2) AS ordinal
CROSS JOIN LATERAL (
    SELECT %(slots_from)s + (n - 1) * 3 + ordinal + 1 AS id, %(pairs_from)s + n AS pair_id,
           %(done)s AND n %% 100 = ordinal * 33 AS vanished,
           CASE WHEN %(done)s THEN (%(crowd)s::bigint[])[1 + ordinal * 10 + n %% 10]
                WHEN n <= (%(labeled)s::bigint[])[ordinal + 1] THEN (%(labelers)s::bigint[])[ordinal + 1] END AS labeler
) AS place
"""
ASSIGNMENTS = """
INSERT INTO labeling_assignment (key, slot_id, pair_id, labeler_id, rubric_version_id, left_is_a, leased_at)
SELECT md5('a' || id)::uuid, id, pair_id, labeler_id, rubric_version_id, left_is_a, now() - interval '2 hours'
FROM labeling_slot WHERE campaign_id = %(campaign)s AND labeler_id IS NOT NULL
"""
LABELS = """
INSERT INTO labeling_label (pair_id, slot_id, assignment_id, labeler_id, rubric_version_id, verdict, preference, both_bad, reasons, rationale, left_was_a,
                            source, submission_key, is_retraction, seconds, submitted_at, erased_why, erased_sha256)
SELECT pair_id, id, md5('a' || id)::uuid, labeler_id, rubric_version_id, 'a', -1, false, '{}', '', left_is_a, 'desk', md5('s' || id)::uuid, false, 20,
       closed_at, '', ''
FROM labeling_slot WHERE campaign_id = %(campaign)s AND closed_at IS NOT NULL AND labeler_id IS NOT NULL
"""
ENROLMENTS = """
INSERT INTO labeling_enrolment (campaign_id, labeler_id, rubric_version_id, state, rank, head_rank, head_seen, epoch, served, planned, practice_rounds,
                                watched_to, entered_at)
SELECT %(campaign)s, labeler_id, %(rubric_version)s, 'working', max(rank), %(start)s, %(start)s, 0, count(*), 0, 0, 0, now()
FROM labeling_slot WHERE campaign_id = %(campaign)s AND labeler_id IS NOT NULL GROUP BY labeler_id
"""
# What an enrolment writes by its trigger.
ACKNOWLEDGEMENTS = """
INSERT INTO labeling_acknowledgement (labeler_id, campaign_id, rubric_version_id, how, at)
SELECT labeler_id, campaign_id, rubric_version_id, 'entered', entered_at FROM labeling_enrolment WHERE campaign_id = %(campaign)s
"""
TAKE_AGAIN = """
UPDATE labeling_slot SET labeler_id = %(labeler)s, lease = gen_random_uuid(), lease_ends_at = now() - interval '1 hour'
WHERE campaign_id = %(campaign)s AND rank < 0 AND labeler_id IS NULL AND closed_at IS NULL
"""
FILLED = ("policies_prompt", "policies_response", "labeling_pair", "labeling_slot", "labeling_assignment", "labeling_label", "labeling_enrolment")


@dataclass(frozen=True)
class Stock:
    """What is to be in a campaign, by the ids of what there is: `labeled` says of how many pairs each of three labelers filled a place."""

    campaign: int
    rubric_version: int
    pairs: int
    done: bool = False
    labelers: Sequence[int] = ()
    labeled: Sequence[int] = ()
    crowd: Sequence[int] = ()


def lay_out(connection: psycopg.Connection) -> None:
    """Make a database, new and migrated, ready to be filled: nothing checked, and no statistics taken before they are asked for."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    for table in FILLED:
        connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    connection.execute("CREATE TEMP TABLE material (number int PRIMARY KEY, body text)")
    rng = random.Random(1)
    with connection.cursor().copy("COPY material FROM STDIN") as copy:
        for number in range(TEXTS):
            copy.write_row((number, text(rng, 1190)))


def write(connection: psycopg.Connection, *, pairs: int, prompt_set: int, policies: Sequence[int]) -> None:
    """Store the texts of so many pairs: prompts, with the responses of five policies to each."""
    values = {"prompts": -(-pairs // PAIRS_A_PROMPT), "prompt_set": prompt_set, "policies": list(policies)}
    values |= {"texts": TEXTS, "prompt_length": PROMPT, "response_length": RESPONSE}
    for statement in (PROMPTS, RESPONSES):
        connection.execute(statement, values)


def fill(connection: psycopg.Connection, stock: Stock, *, start: int) -> None:
    """Store the pairs of a campaign, their places, and what was labeled of them. `start` is the cursor of who has not begun."""
    values = vars(stock) | {"pairs_from": last_id(connection, "labeling_pair"), "slots_from": last_id(connection, "labeling_slot"), "start": start}
    for statement in (PAIRS, SLOTS, ASSIGNMENTS, LABELS, ENROLMENTS, ACKNOWLEDGEMENTS):
        connection.execute(statement, values)
    for table in FILLED:
        if table != "labeling_assignment":
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), %s)", [max(1, last_id(connection, table))])


def last_id(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608 - a name from here
    return int(row[0]) if row else 0


def hand_over(connection: psycopg.Connection) -> None:
    """Do what autovacuum would have done by the time that so many rows were there, and leave the tables to it."""
    for table in FILLED:
        connection.execute(f"VACUUM (ANALYZE) {table}")
        connection.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


def take_again(connection: psycopg.Connection, campaign: int, *, labeler: int) -> int:
    """Have all that was freed leased once more, to somebody who had none of it and is gone an hour since. Returns how many places that were."""
    return connection.execute(TAKE_AGAIN, {"campaign": campaign, "labeler": labeler}).rowcount
