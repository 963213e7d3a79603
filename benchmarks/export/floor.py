"""The floor: the same bytes by COPY, orjson and pyarrow alone. It is told which rows there are, in which order, so it chooses nothing."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import psycopg
import pyarrow.json as arrow_json
import pyarrow.parquet as pq

from exports.formats import p_chosen, pseudonym

OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
ROWS = """
SELECT row.key, prompt.content_sha256, row.family, row.split, prompt.messages::text, chosen.text, rejected.text, row.margin, row.settled, row.rule,
       cardinality(row.labels), CASE WHEN row.chosen_id = pair.response_a_id THEN 'a' ELSE 'b' END, by_chosen.name, by_rejected.name
FROM exports_datasetrow AS row JOIN labeling_pair AS pair ON pair.id = row.pair_id JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id
JOIN policies_response AS chosen ON chosen.id = row.chosen_id JOIN policies_response AS rejected ON rejected.id = row.rejected_id
JOIN policies_policy AS by_chosen ON by_chosen.id = chosen.policy_id JOIN policies_policy AS by_rejected ON by_rejected.id = rejected.policy_id
WHERE row.version_id = {version} ORDER BY row.position
"""
VOTES = """
SELECT row.key, row.split, label.labeler_id, label.verdict, label.preference,
       to_char(label.submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM exports_datasetrow AS row CROSS JOIN LATERAL unnest(row.labels) AS counted (label) JOIN labeling_label AS label ON label.id = counted.label
WHERE row.version_id = {version} ORDER BY row.position
"""
STORED = """
SELECT row_number() OVER (), version_id, position, key, pair_id, prompt_id, chosen_id, rejected_id, split, family, rubric_version_id, margin, settled,
       rule, labels, adjudication FROM exports_datasetrow WHERE version_id = {version}
"""
COLUMNS = (
    "id, version_id, position, key, pair_id, prompt_id, chosen_id, rejected_id, split, family, rubric_version_id, margin, settled, rule, labels, adjudication"
)
ROW_TYPES = ["text"] * 7 + ["float8", "text", "text", "int4", "text", "text", "text"]
VOTE_TYPES = ["text", "text", "int8", "text", "int2", "text"]


@dataclass
class Bare:
    version: int
    secret: bytes
    folder: Path
    url: dict[str, Any]
    sums: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def write(self) -> None:
        """Write rows, votes and lineage of every split as lines, store the rows once more, and write Parquet of them."""
        self.folder.mkdir(parents=True)
        with psycopg.connect(**connection_of(self.url)) as connection:
            with self.timed("texts by COPY, lines by orjson"):
                self.lines(connection, ROWS, ROW_TYPES, self.row_lines)
            with self.timed("votes by COPY, lines by orjson"):
                self.lines(connection, VOTES, VOTE_TYPES, self.vote_lines)
            with self.timed("rows by COPY"):
                self.store(connection)
        with self.timed("Parquet by pyarrow"):
            for path in sorted(self.folder.glob("*.jsonl")):
                if path.name.count(".") == 1:
                    parquet(path)
        for path in self.folder.glob("*.parquet"):
            with path.open("rb") as file:
                os.fsync(file.fileno())

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[part] = time.perf_counter() - began

    def lines(self, connection: psycopg.Connection, query: str, types: list[str], made: Any) -> None:
        files: dict[str, tuple[BinaryIO, Any]] = {}
        with connection.cursor().copy(f"COPY ({query.format(version=self.version)}) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for name, line in made(copy.rows()):
                if name not in files:
                    files[name] = ((self.folder / name).open("wb", buffering=2**20), hashlib.sha256())
                file, digest = files[name]
                file.write(line)
                digest.update(line)
        for name, (file, digest) in files.items():
            file.flush()
            os.fsync(file.fileno())
            file.close()
            self.sums[name] = digest.hexdigest()

    def row_lines(self, found: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, bytes]]:
        for key, prompt, family, split, messages, chosen, rejected, margin, settled, rule, labels, verdict, by_chosen, by_rejected in found:
            yield (
                f"{split}.jsonl",
                orjson.dumps(
                    {
                        "prompt": orjson.loads(messages),
                        "chosen": [{"role": "assistant", "content": chosen}],
                        "rejected": [{"role": "assistant", "content": rejected}],
                        "pair_id": key,
                        "prompt_id": prompt,
                        "family": family,
                        "campaign": "bench",
                        "split": split,
                        "margin": margin,
                        "strengths_counted": labels,
                        "p_chosen": p_chosen(chosen=labels, ties=0, judgments=labels),
                        "verdict": verdict,
                        "standing": settled,
                        "rule": rule,
                        "labels_counted": labels,
                        "chosen_policy": by_chosen,
                        "rejected_policy": by_rejected,
                        "rubric_version": "bench@1",
                        "slices": "{}",
                        "source": "",
                        "licence": "",
                    },
                    option=OPTIONS,
                ),
            )
            yield f"{split}.lineage.jsonl", orjson.dumps({"pair_id": key, "chosen": origin(by_chosen), "rejected": origin(by_rejected)}, option=OPTIONS)

    def vote_lines(self, found: Iterator[tuple[Any, ...]]) -> Iterator[tuple[str, bytes]]:
        names: dict[int, str] = {}
        held: list[tuple[str, str, dict[str, Any]]] = []
        for key, split, labeler, verdict, preference, at in found:
            if labeler not in names:
                names[labeler] = pseudonym(str(labeler), secret=self.secret)
            if held and held[0][0] != key:
                yield from told(held)
                held = []
            held.append((key, split, vote(key, names[labeler], verdict, preference, at)))
        yield from told(held)

    def store(self, connection: psycopg.Connection) -> None:
        """Into a table with the same columns, indexes and checks, without foreign keys and triggers."""
        connection.execute("CREATE TEMP TABLE floor_row (LIKE exports_datasetrow INCLUDING ALL)")
        with (
            psycopg.connect(**connection_of(self.url)) as other,
            other.cursor().copy(f"COPY ({STORED.format(version=self.version)}) TO STDOUT") as out,
            connection.cursor().copy(f"COPY floor_row ({COLUMNS}) FROM STDIN") as into,
        ):
            for block in out:
                into.write(block)


def connection_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {"dbname": entry["NAME"], "user": entry["USER"], "password": entry["PASSWORD"], "host": entry["HOST"], "port": entry["PORT"]}


def vote(key: str, labeler: str, verdict: str, preference: int, at: str) -> dict[str, Any]:
    return {
        "pair_id": key,
        "labeler": labeler,
        "verdict": verdict,
        "preference": preference,
        "strength_given": True,
        "both_bad": False,
        "rubric_version": "bench@1",
        "kind": "work",
        "source": "imported",
        "labeled_at": at,
        "strategy": "",
        "planned_share": 100,
    }


def told(held: list[tuple[str, str, dict[str, Any]]]) -> Iterator[tuple[str, bytes]]:
    for _, split, line in sorted(held, key=lambda each: (each[2]["labeler"], each[2]["labeled_at"])):
        yield f"{split}.votes.jsonl", orjson.dumps(line, option=OPTIONS)


def origin(policy: str) -> dict[str, str]:
    nothing = dict.fromkeys(("weights_sha256", "template_sha256", "system_prompt_sha256", "seed", "token_ids"), "")
    return {"policy": policy, "sampling": "{}", "facts": "{}", "finish_reason": "imported", **nothing}


def parquet(path: Path) -> None:
    with path.open("rb") as file:
        first = orjson.loads(file.readline())
    reader = arrow_json.open_json(path, read_options=arrow_json.ReadOptions(block_size=32 * 2**20))
    with pq.ParquetWriter(path.with_suffix(".parquet"), reader.schema, compression="zstd") as writer:
        assert len(first) == len(reader.schema)
        for batch in reader:
            writer.write_batch(batch)
