"""`make readers`: install what pip has of other trainers, each beside the product, let their readers read what Tiebreak writes, and compare.

Prints a line a reader, kind of file and chat template: rows that it got as the texts say, of those that it was given, and those that the layout
leaves out. Exits non-zero where one got something else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from exports.layouts import LAYOUTS
from exports.layouts.layout import Line
from exports.layouts.readers import READERS
from tests.readers import bytewise, material

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("READERS_DIR", ROOT / "var" / "readers"))
BESIDE = {
    "axolotl": [
        "addict==2.4.0",
        "backoff==2.2.1",
        "colorama==0.4.6",
        "distro==1.9.0",
        "llvmlite==0.50.0",
        "numba==0.68.1",
        "peft==0.21.2",
        "posthog==7.91.1",
    ],
    "llama-factory": ["antlr4-python3-runtime==4.9.3", "omegaconf==2.4.0", "peft==0.21.2"],
    "openrlhf": ["pylatexenc==2.11"],
    "arena": [
        "jax==0.8.1",
        "jaxlib==0.8.1",
        "jaxtyping==0.3.11",
        "ml_dtypes==0.6.0",
        "opt_einsum==3.4.0",
        "optax==0.2.8",
        "scipy==1.17.1",
        "wadler-lindig==0.1.8",
        "zstandard==0.25.0",
    ],
}
"""What each imports on its way to its reader; torch, transformers and datasets are those of the tests."""
ONE_TEMPLATE = {"llama-factory", "arena"}
"""Brings templates of its own, or asks for none."""
OUTCOMES = {"a": 1.0, "b": 0.0, "tie": 0.5, "bad": 0.5}


def expected(layout: str, line: Line, template: str) -> dict[str, Any]:
    """Return what a reader must make of a row, worked out by hand."""
    if layout == "arena":
        return {"battles": battles(line)}
    asked = bytewise.asked(line["prompt"], template)
    sides = {side: bytewise.answer(line[side][0]["content"], template) for side in ("chosen", "rejected")}
    if layout == "axolotl":
        return {"prompt": asked, **{side: text.rstrip() for side, text in sides.items()}}
    if layout == "openrlhf":
        return {"prompt": len(bytewise.ids(asked)), **{side: bytewise.ids((asked + text).rstrip("\n")) for side, text in sides.items()}}
    inputs = {f"{side}_input_ids": bytewise.ids(asked + text) for side, text in sides.items()}
    return inputs | {f"{side}_labels": [-100] * len(bytewise.ids(asked)) + bytewise.ids(text) for side, text in sides.items()}


def battles(line: Line) -> list[list[Any]]:
    """Return who met whom over a row, with what outcome, how often."""
    sides = [line["chosen_policy"], line["rejected_policy"]]
    first, second = sides if line["verdict"] == "a" else sides[::-1]
    said = Counter(OUTCOMES["bad" if vote["both_bad"] else vote["verdict"]] for vote in material.votes(line))
    return sorted([first, second, outcome, count] for outcome, count in said.items())


def install(layout: str) -> Path:
    """Put a trainer and what its reader imports into a folder of its own."""
    folder = HOME / layout
    if not (folder / "ready").exists():
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, READERS[layout].package, *BESIDE[layout]], check=True)
        (folder / "ready").touch()
    return folder


def read(layout: str, folder: Path, file: Path, template: str) -> list[dict[str, Any]]:
    """Have the reader read a file, in a process where its package can be imported."""
    paths = os.pathsep.join([str(ROOT), str(folder)])
    elsewhere = {"PYTHONPATH": paths, "HF_HOME": str(file.parent / "home"), "HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1", "AXOLOTL_DO_NOT_TRACK": "1"}
    out = file.with_suffix(f".{template}.json")
    command = [sys.executable, "-W", "ignore", "-m", "tests.readers", layout, str(file), template, str(out)]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | elsewhere, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{layout}: its reader ended with {run.returncode}\n{run.stderr[-3000:]}")
    found: list[dict[str, Any]] = json.loads(out.read_text())
    return found


def compare(layout: str, folder: Path, kind: str, template: str, scratch: Path) -> bool:
    """Print how many rows came as the texts say, and say whether all did."""
    lines, left_out = material.taken(layout)
    got = read(layout, folder, material.write(layout, kind, scratch), template)
    same = sum(one == expected(layout, line, template) for one, line in zip(got, lines, strict=False))
    leaves = ", ".join(f"{n} with {reason}" for reason, n in sorted(left_out.items())) or "none"
    print(f"{READERS[layout].package}  {kind}  {template}  got {same} of {len(lines)} expected, read {len(got)}; left out: {leaves}", flush=True)
    return same == len(lines) == len(got)


def main() -> None:
    fine = True
    for layout in BESIDE:
        folder = install(layout)
        for kind in LAYOUTS[layout].kinds:
            for template in ("keeps",) if layout in ONE_TEMPLATE else tuple(bytewise.TEMPLATES):
                with tempfile.TemporaryDirectory() as scratch:
                    fine = compare(layout, folder, kind, template, Path(scratch)) and fine
    sys.exit(not fine)


def read_here(layout: str, file: str, template: str, out: str) -> None:
    reader = import_module(f"tests.readers.by_{layout.replace('-', '_')}")
    Path(out).write_text(json.dumps(reader.read(Path(file), template)))


if __name__ == "__main__":
    read_here(*sys.argv[1:]) if len(sys.argv) > 1 else main()
