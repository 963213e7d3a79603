"""From a version's rows to its files: canonical lines of every split, the votes, a data card, the manifest and its sums.

A split without rows has no file, since readers stop at an empty one. The same rows give the same bytes, whenever and wherever they are written.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from exports import cards, formats, manifest
from exports.manifest import Manifest
from exports.models import DatasetRow
from exports.rows import Draft, LeftOut
from labeling.models import Adjudication, Label, Pair, RubricVersion
from policies.models import Policy, Prompt, Response

CHUNK = 500
"""Rows whose texts are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What is read of a label that counted. (As a model each would cost three times as much, and there are k a row.)"""

    id: int
    labeler_id: int
    verdict: str
    preference: int | None
    both_bad: bool
    rubric_version_id: int
    source: str
    submitted_at: datetime
    slot__kind: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a version, with all that their lines need, by primary key."""

    rows: Sequence[DatasetRow]
    pairs: Mapping[int, Pair]
    prompts: Mapping[int, Prompt]
    responses: Mapping[int, Response]
    labels: Mapping[int, Counted]
    rulings: Mapping[int, Adjudication]


@dataclass(frozen=True)
class Names:
    """What is looked up for the whole version: rubric versions and policies by primary key, and how people are called."""

    rubrics: Mapping[int, RubricVersion]
    policies: Mapping[int, Policy]
    secret: bytes

    def rubric(self, pk: int) -> str:
        return f"{self.rubrics[pk].rubric.name}@{self.rubrics[pk].number}"

    def policy(self, pk: int) -> str:
        """Return name@revision, or the name where no weights are known."""
        policy = self.policies[pk]
        return f"{policy.name}@{policy.revision}" if policy.revision else policy.name


@dataclass
class Seen:
    """What was met while writing; the card and the manifest tell of it. Rows by licence of the prompt, votes by source, policies that wrote a side."""

    licences: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    policies: set[int] = field(default_factory=set)


class LineFiles:
    """Files of lines in one folder. Each comes into being with its first line."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.files: dict[str, BinaryIO] = {}

    def add(self, name: str, line: Mapping[str, object]) -> None:
        if name not in self.files:
            self.files[name] = self.stack.enter_context((self.folder / name).open("xb"))
        self.files[name].write(formats.canonical_line(line))


def write(made: Draft, folder: Path) -> Manifest:
    """Write every file of the version into an empty folder, and return its manifest. Raises formats.FormatError and OSError."""
    names, seen = names_of(made), Seen()
    with ExitStack() as stack:
        files = LineFiles(folder, stack)
        for chunk in chunks(made.rows):
            write_chunk(chunk, made, files, names, seen)
    (folder / cards.NAME).write_bytes(cards.card(facts_of(made, names, seen)))
    described = describe(made, folder, names, seen)
    (folder / manifest.NAME).write_bytes(manifest.dumps(described))
    (folder / manifest.SUMS).write_bytes(manifest.sums(described))
    return described


def write_chunk(chunk: Chunk, made: Draft, files: LineFiles, names: Names, seen: Seen) -> None:
    campaigns = {campaign.pk: campaign.slug for campaign in made.campaigns}
    for row in chunk.rows:
        files.add(f"{row.split}.jsonl", formats.trl_row(line_of(row, chunk, names, campaigns[chunk.pairs[row.pair_id].campaign_id])))
        for vote in sorted(votes_of(row, chunk, names), key=lambda vote: (vote.labeler, vote.labeled_at)):
            files.add(manifest.VOTES, formats.vote_row(vote))
            seen.sources[vote.source] += 1
        seen.licences[chunk.prompts[row.prompt_id].licence] += 1
        seen.policies |= {chunk.responses[side].policy_id for side in (row.chosen_id, row.rejected_id)}


def line_of(row: DatasetRow, chunk: Chunk, names: Names, campaign: str) -> formats.Row:
    prompt, chosen, rejected = chunk.prompts[row.prompt_id], chunk.responses[row.chosen_id], chunk.responses[row.rejected_id]
    ruling = chunk.rulings[row.adjudication] if row.adjudication else None
    judgments: Sequence[Adjudication | Counted] = [ruling] if ruling else [chunk.labels[label] for label in row.labels]
    return formats.Row(
        pair_id=row.key,
        prompt_id=prompt.content_sha256,
        family=row.family,
        campaign=campaign,
        split=row.split,
        messages=tuple((message["role"], message["content"]) for message in prompt.messages),
        chosen=chosen.text,
        rejected=rejected.text,
        margin=row.margin,
        strengths_counted=sum(judgment.preference is not None for judgment in judgments),
        verdict="a" if row.chosen_id == chunk.pairs[row.pair_id].response_a_id else "b",
        standing=row.settled,
        labels_counted=len(row.labels),
        chosen_policy=names.policy(chosen.policy_id),
        rejected_policy=names.policy(rejected.policy_id),
        rubric_version=names.rubric(row.rubric_version_id),
        slices=prompt.slices,
        source=prompt.source,
        licence=prompt.licence,
    )


def votes_of(row: DatasetRow, chunk: Chunk, names: Names) -> Iterator[formats.Vote]:
    """Yield the labels that counted. No rationale: it may be erased one day, and a version's bytes may not change."""
    for label in map(chunk.labels.__getitem__, row.labels):
        yield formats.Vote(
            pair_id=row.key,
            labeler=formats.pseudonym(str(label.labeler_id), secret=names.secret),
            verdict=label.verdict,
            preference=label.preference,
            both_bad=label.both_bad,
            rubric_version=names.rubric(label.rubric_version_id),
            kind=label.slot__kind,
            source=label.source,
            labeled_at=label.submitted_at,
        )


def chunks(rows: Sequence[DatasetRow]) -> Iterator[Chunk]:
    """Yield the rows a chunk at a time, with one query each for pairs, prompts, responses, labels and adjudications."""
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        sides = chain.from_iterable((row.chosen_id, row.rejected_id) for row in part)
        yield Chunk(
            part,
            Pair.objects.only("campaign_id", "response_a_id").in_bulk({row.pair_id for row in part}),
            Prompt.objects.in_bulk({row.prompt_id for row in part}),
            Response.objects.defer("token_ids", "lineage").in_bulk(set(sides)),
            counted_labels(set(chain.from_iterable(row.labels for row in part))),
            Adjudication.objects.defer("reason").in_bulk({row.adjudication for row in part if row.adjudication}),
        )


def counted_labels(pks: Collection[int]) -> dict[int, Counted]:
    fields = Counted.__dataclass_fields__
    return {label["id"]: Counted(**label) for label in Label.objects.filter(pk__in=pks).values(*fields)}


def names_of(made: Draft) -> Names:
    rubrics = RubricVersion.objects.filter(pk__in={row.rubric_version_id for row in made.rows}).select_related("rubric")
    return Names(rubrics.in_bulk(), Policy.objects.in_bulk(), bytes.fromhex(made.dataset.secret))


# What a version is made of


def facts_of(made: Draft, names: Names, seen: Seen) -> cards.Facts:
    return cards.Facts(
        dataset=made.dataset.name,
        number=made.number,
        description=made.dataset.description,
        campaigns=sorted(campaign.slug for campaign in made.campaigns),
        rows=made.split_counts(),
        votes=seen.sources,
        settled=Counter(row.settled for row in made.rows),
        rules=sorted({row.rule for row in made.rows}),
        rubrics=sorted(map(names.rubric, names.rubrics)),
        policies=sorted(map(names.policy, seen.policies)),
        licences=seen.licences,
        left_out={LeftOut(reason).label: n for reason, n in made.left_out.items()},
    )


def describe(made: Draft, folder: Path, names: Names, seen: Seen) -> Manifest:
    """Return the manifest of what was written into the folder."""
    return manifest.build(
        dataset=made.dataset.name,
        number=made.number,
        campaigns=[campaign.slug for campaign in made.campaigns],
        rules=[manifest.Rule.named(rule) for rule in {row.rule for row in made.rows}],
        rubrics=[manifest.Rubric(id=version.rubric.name, number=version.number, sha256=version.sha256) for version in names.rubrics.values()],
        policies=[pinned(names.policies[pk]) for pk in seen.policies],
        filters={},
        split=manifest.SplitPlan(salt=made.dataset.salt, shares=made.dataset.shares),
        counts=manifest.Counts(rows=made.split_counts(), votes=seen.sources.total(), left_out=dict(made.left_out)),
        files=[manifest.file_entry(path) for path in folder.iterdir()],
    )


def pinned(policy: Policy) -> manifest.PolicyUsed:
    return manifest.PolicyUsed(
        name=policy.name,
        revision=policy.revision,
        weights_sha256=policy.weights_sha256,
        template_sha256=policy.template_sha256,
        system_prompt_sha256=hashlib.sha256(policy.system_prompt.encode()).hexdigest() if policy.system_prompt else "",
        sampling=policy.sampling,
    )
