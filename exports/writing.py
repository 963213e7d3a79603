"""From a version's rows to its files: for every split canonical lines, the votes behind them and their lineage; a data card, the manifest and its sums."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from exports import cards, lines, manifest
from exports.aside import Aside
from exports.lines import Known
from exports.lining import Lined, Lining
from exports.manifest import FileEntry, Manifest
from exports.rows import Draft, LeftOut, policy_name
from exports.splits import SPLITS
from exports.thresholds import thresholds_of
from policies.models import Policy

ASIDE_FROM = 20_000
"""Rows from which on a second process is worth its start."""


def write(made: Draft, folder: Path) -> Manifest:
    """Write every file of the version into an empty folder, and return its manifest. Raises formats.FormatError and OSError."""
    known = lines.known_to(made)
    lined = write_lines(made, known, folder)
    (folder / cards.NAME).write_bytes(cards.card(facts_of(made, known, lined)))
    if made.removed:
        (folder / manifest.REMOVED).write_bytes(made.removed.lines)
    others = [manifest.file_entry(path) for path in (folder / cards.NAME, folder / manifest.REMOVED) if path.exists()]
    described = describe(made, [*lined.files, *others], known, lined)
    (folder / manifest.NAME).write_bytes(manifest.dumps(described))
    (folder / manifest.SUMS).write_bytes(manifest.sums(described))
    return described


def write_lines(made: Draft, known: Known, folder: Path) -> Lined:
    kind = Aside if made.totals.rows >= ASIDE_FROM else Lining
    with kind(folder, known.names(bytes.fromhex(made.dataset.secret))) as lining:
        for part in lines.parts(made):
            lining.take(part)
        return lining.done()


# What a version is made of


def facts_of(made: Draft, known: Known, lined: Lined) -> cards.Facts:
    return cards.Facts(
        dataset=made.dataset.name,
        number=made.number,
        description=made.dataset.description,
        campaigns=sorted(campaign.slug for campaign in made.campaigns),
        rows=made.totals.splits,
        votes=lined.sources,
        voted=[split for split in SPLITS if lined.sums.labels["splits"][split]["size"]],
        settled=made.totals.settled,
        rules=sorted(made.totals.rules),
        rubrics=sorted(map(lines.rubric_name, known.rubrics.values())),
        policies=sorted(lined.policies),
        licences=lined.licences,
        left_out={LeftOut(reason).label: n for reason, n in made.left_out.items()},
        held_out=len(made.held_out),
    )


def describe(made: Draft, files: Sequence[FileEntry], known: Known, lined: Lined) -> Manifest:
    """Return the manifest of what was written."""
    return manifest.build(
        dataset=made.dataset.name,
        number=made.number,
        campaigns=[campaign.slug for campaign in made.campaigns],
        rules=[manifest.Rule.named(rule) for rule in made.totals.rules],
        rubrics=[manifest.Rubric(id=version.rubric.name, number=version.number, sha256=version.sha256) for version in known.rubrics.values()],
        policies=[pinned(policy) for policy in known.policies.values() if policy_name(policy) in lined.policies],
        filters=made.choice.as_filters(),
        split=manifest.SplitPlan(salt=made.dataset.salt, shares=made.dataset.shares),
        counts=manifest.Counts(rows=made.totals.splits, votes=lined.sources.total(), left_out=dict(made.left_out)),
        files=files,
        contents=lined.sums,
        predecessor=made.removed.predecessor if made.removed else None,
        held_out=made.held_out,
        thresholds={gate: {"low": asks.low, "high": asks.high} for gate, asks in thresholds_of(made.dataset).items()},
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
