"""Does a published preference corpus come back text for text? `python -m benchmarks.corpus FILE.jsonl[.gz]`, on servers and in a folder of its own.

The file has two transcripts a line, {"chosen": "\\n\\nHuman: ...\\n\\nAssistant: ...", "rejected": ...}, as Anthropic published theirs (Bai et al. 2022,
github.com/anthropics/hh-rlhf). They go in by `import_pairs` and out by `freeze_dataset`; then every row's texts are held against the
transcripts, put together again character by character, and every line that made no row is named with its reason.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.instance import Instance

NAME = "published"
SPEAKER = re.compile(r"\n\n(Human|Assistant):")
ROLES = {"Human": "user", "Assistant": "assistant"}
SPEAKERS = {role: speaker for speaker, role in ROLES.items()}

Turn = tuple[str, str]
Texts = tuple[str, str]
"""Both transcripts of a line, or of a row: chosen, rejected."""


@dataclass(frozen=True)
class Read:
    """A line of the corpus: the turns of either transcript."""

    chosen: Sequence[Turn]
    rejected: Sequence[Turn]

    @property
    def fate(self) -> str:
        """What must become of it, from its texts alone; empty: a row."""
        if self.chosen[:-1] != self.rejected[:-1]:
            return "not one prompt"
        if not (self.chosen[-1][1].strip() and self.rejected[-1][1].strip()):
            return "empty"
        return "equal" if self.chosen == self.rejected else ""

    def told(self, number: int) -> dict[str, Any]:
        prompt = [{"role": ROLES[speaker], "content": content} for speaker, content in self.chosen[:-1]]
        sides = [{"policy": "published", "text": turns[-1][1]} for turns in (self.chosen, self.rejected)]
        return {"id": f"line-{number}", "prompt": prompt, "responses": sides, "labels": [{"labeler": "published", "verdict": "a"}]}


def turns_of(transcript: str) -> list[Turn]:
    _, *parts = SPEAKER.split(transcript)
    return list(zip(parts[::2], parts[1::2], strict=True))


def transcript_of(turns: Sequence[dict[str, str]]) -> str:
    return "".join(f"\n\n{SPEAKERS[turn['role']]}:{turn['content']}" for turn in turns)


def lines_of(file: Path) -> list[dict[str, str]]:
    held = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in held.splitlines()]


def rows_in(folder: Path) -> Iterator[Texts]:
    """Yield what came out, put together as it was published."""
    for path in folder.glob("*.jsonl"):
        if path.name.count(".") == 1:
            for line in path.read_bytes().split(b"\n")[:-1]:
                row = json.loads(line)
                yield transcript_of([*row["prompt"], *row["chosen"]]), transcript_of([*row["prompt"], *row["rejected"]])


def traits(lines: Sequence[Read]) -> list[str]:
    """Return what is odd about the corpus, in numbers."""
    found = {
        "more than one turn": sum(len(line.chosen) > 2 for line in lines),
        "two turns of one role in a row": sum(any(one[0] == next_[0] for one, next_ in pairwise(line.chosen)) for line in lines),
        "white space at the end of a text": sum(any(text != text.rstrip() for _, text in [*line.chosen, *line.rejected]) for line in lines),
    }
    return [f"{n:,} with {trait}" for trait, n in found.items()]


def through(instance: Instance, lines: Sequence[Read]) -> tuple[Counter[Texts], dict[str, int]]:
    """Take the lines in and out. Returns the rows, and what was left out by reason."""
    given, out = instance.folder / "corpus.jsonl", instance.folder / "out"
    with given.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{json.dumps(line.told(number))}\n" for number, line in enumerate(lines, 1) if line.fate != "not one prompt")
    instance.manage("import_pairs", str(given), "--campaign", NAME, "--create", "--overlap", "1")
    instance.manage("freeze_dataset", NAME, "--name", NAME, "--out", str(out))
    print(instance.manage("verify_dataset", str(out)).strip(), file=sys.stderr)
    return Counter(rows_in(out)), json.loads((out / "manifest.json").read_text())["counts"]["left_out"]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", type=Path)
    options.add_argument("--equal-every", type=int, metavar="N", help="give every Nth line equal sides, where the corpus has none")
    args = options.parse_args()
    published = lines_of(args.file)
    for line in published[:: args.equal_every] if args.equal_every else ():
        line["rejected"] = line["chosen"]
    lines = [Read(turns_of(line["chosen"]), turns_of(line["rejected"])) for line in published]
    expected = Counter((line["chosen"], line["rejected"]) for line, read in zip(published, lines, strict=True) if not read.fate)
    instance = Instance(port=18500)
    try:
        instance.start()
        found, left_out = through(instance, lines)
    finally:
        instance.stop()
    print(f"{len(lines):,} lines: {', '.join(traits(lines))}")
    print(f"no rows: {dict(Counter(line.fate for line in lines if line.fate))} by their texts; the version left out {left_out}")
    print(f"{found.total():,} rows came out; {(expected - found).total():,} texts missing, {(found - expected).total():,} texts that were not there before")
    sys.exit(0 if found == expected else 1)


if __name__ == "__main__":
    main()
