"""Rows 8 to 10: an exporter that is killed, a version that is written twenty times, and ledgers that somebody tries to change."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.test import override_settings
from django.utils import timezone

from benchmarks.instance import ROOT, Broken
from benchmarks.soak.outcomes import Outcome, at_least, exactly
from benchmarks.soak.rig import Rig
from exports import folders, inspection, publishing
from exports.models import DatasetFile, DatasetVersion

CALLS = ("write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2")
EXPORTER = "benchmarks.soak.exporter"
PAIRS = 12
WRITTEN = 20
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Europe/Berlin")
LOCALES = ("C", "C.UTF-8", "POSIX")


def row_8(rig: Rig, *, tenth: bool) -> Outcome:
    return with_exporter_killed(rig, step=10 if tenth else 1)


def row_9(rig: Rig, *, tenth: bool) -> Outcome:
    return written_again(rig, times=WRITTEN // 10 if tenth else WRITTEN)


def row_10(rig: Rig, *, tenth: bool) -> Outcome:
    """The ledgers are few: a tenth of the row is the whole of it."""
    return with_ledgers_changed(rig)


# ---- row 8


@dataclass
class Killed:
    """What came of an exporter's deaths."""

    deaths: int = 0
    half: int = 0
    lying: int = 0
    calls: Counter[str] = field(default_factory=Counter)


def with_exporter_killed(rig: Rig, *, step: int, program: str = EXPORTER) -> Outcome:
    """Kill an exporter at its N-th system call that writes, syncs or renames, for every `step`-th N, and look each time at what readers see."""
    if not shutil.which("strace"):
        raise Broken("row 8 kills at system calls, so it needs strace")
    found = Killed()
    with exporting(rig) as run:
        run(program=EXPORTER)
        found.calls = calls_of(run, program)
        for call, most in found.calls.items():
            for number in range(1, most + 1, step):
                found.deaths += run(program=program, watched=["-e", f"inject={call}:signal=SIGKILL:when={number}"]) != 0
                found.half += len(half_visible())
                sweep()
                found.lying += len(left_lying())
        run(program=EXPORTER)
        versions, half = DatasetVersion.objects.filter(dataset__name=run.dataset).count(), len(half_visible())
    deaths = at_least("deaths", found.deaths, sum(-(-most // step) for most in found.calls.values()))
    figures = [deaths, at_least("versions", versions, 2), exactly("half visible", found.half + half), exactly("left lying", found.lying)]
    return Outcome(8, f"exporter killed at every {step}. of {found.calls.total()} calls ({', '.join(found.calls)})", figures)


class Run:
    """Exports one campaign into one dataset, in processes of their own."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.slug = self.dataset = f"soak-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        url = {"DATABASE_URL": rig.postgres.url} if rig.postgres else {}
        self.environment = {**os.environ, **rig.environment, **url, "DB_POOL": "0", "PYTHONPATH": str(ROOT)}

    def __call__(self, *, program: str, watched: list[str] | None = None) -> int:
        """Return the exit status: not 0 where it was killed. Raises Broken where it stops by itself over something."""
        strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={','.join(CALLS)}", *watched] if watched else []
        argv = [*strace, sys.executable, "-m", program, self.slug, self.dataset, str(self.folder)]
        done = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode > 0 and "Traceback" in done.stderr:
            raise Broken(f"{program} ended with {done.returncode}: {done.stderr.strip()[-600:]}")
        return done.returncode


@contextmanager
def exporting(rig: Rig) -> Iterator[Run]:
    folder = Path(tempfile.mkdtemp(prefix="tiebreak-releases-"))
    run = Run(rig, folder)
    try:
        import_settled(run.slug, folder, range(PAIRS))
        with override_settings(DATASETS_DIR=folder):
            yield run
    finally:
        shutil.rmtree(folder)


def import_settled(slug: str, folder: Path, numbers: Any) -> None:
    """Import settled pairs, in the order of their numbers."""
    lines = (
        {
            "id": f"pair-{number}",
            "prompt": f"What is {number} plus one? Größe 漢字 {number * 7919}",
            "responses": [{"policy": "warm", "text": f"It is {number + 1}."}, {"policy": "cold", "text": f"Perhaps {number}?\n"}],
            "slices": {"language": "de", "topic": "Größe"},
            "labels": [{"labeler": name, "preference": -2} for name in ("lena", "otto")],
        }
        for number in numbers
    )
    file = folder / f"{slug}.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    call_command("import_pairs", str(file), "--campaign", slug, "--create", "--overlap", "2", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    file.unlink()


def calls_of(run: Run, program: str) -> Counter[str]:
    """Count the system calls of a whole export, those of its first thread, by name."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
        run(program=program, watched=["-o", log.name])
        lines = log.read().splitlines()
    first = lines[0].split()[0] if lines else ""
    names = (re.match(r"\d+ +(\w+)\(", line) for line in lines if line.startswith(f"{first} "))
    return Counter(name[1] for name in names if name and name[1] in CALLS)


def half_visible() -> list[str]:
    """Return what readers would stumble over: a version or a layout that can be seen and is not whole."""
    wrong = [
        fault
        for version in DatasetVersion.objects.all()
        if of_here(version)
        for fault in inspection.verify(version.folder, expected_id=version.manifest_sha256)
    ]
    files = [file for file in DatasetFile.objects.select_related("conversion", "version__dataset").exclude(conversion=None) if of_here(file.version)]
    return wrong + [file.name for file in files if not file.path.is_file() or hashlib.sha256(file.path.read_bytes()).hexdigest() != file.sha256]


def of_here(version: DatasetVersion) -> bool:
    """Of the dataset that is exported now: others of the soak lie in folders that are gone."""
    return version.folder.parent.is_dir()


def sweep() -> None:
    """Sweep as the next start does, so much later that nothing is kept, once the server has noticed that the dead are gone."""
    for _ in range(100):
        with transaction.atomic():
            if folders.nobody_publishes():
                break
        time.sleep(0.05)
    for _ in range(2):
        publishing.sweep_orphans(at=timezone.now() + timedelta(days=8))


def left_lying() -> list[Path]:
    claimed = {version.folder for version in DatasetVersion.objects.all()}
    return [path for path in [*settings.DATASETS_DIR.glob(".*"), *settings.DATASETS_DIR.glob("*/*")] if path.suffix != ".layouts" and path not in claimed]


# ---- row 9


def written_again(rig: Rig, *, times: int) -> Outcome:
    """Have the same pairs imported in another order, frozen and written, by processes with another hash seed, time zone and locale each time."""
    found: Counter[str] = Counter()
    rng = random.Random(9)
    url = {"DATABASE_URL": rig.postgres.url} if rig.postgres else {}
    for number in range(times):
        order = rng.sample(range(PAIRS), PAIRS)
        elsewhere = {
            "PYTHONHASHSEED": str(rng.randrange(2**32)),
            "TZ": ZONES[number % len(ZONES)],
            "TIME_ZONE": ZONES[number % len(ZONES)],
            "LC_ALL": LOCALES[number % len(LOCALES)],
            "PYTHONUTF8": "0",
        }
        argv = [sys.executable, "-m", "benchmarks.soak.writer", json.dumps(order)]
        environment = {**os.environ, **rig.environment, **url, **elsewhere, "DB_POOL": "0", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"the writer ended with {done.returncode}: {done.stderr.strip()[-600:]}")
        found[done.stdout.strip()] += 1
    return Outcome(9, f"one version, {times} times written", [exactly("equal SHA-256", max(found.values()), times), exactly("others", len(found) - 1)])


# ---- row 10


Change = Callable[[models.Model], object]


def with_ledgers_changed(rig: Rig) -> Outcome:
    """Try to change every table that says it is only added to, by a change that goes through without its trigger."""
    with exporting(rig) as run:
        run(program=EXPORTER)
    went, tried, control = [], 0, 0
    ledgers = [(model, row) for model in append_only() if (row := model._default_manager.first())]
    for model, row in ledgers:
        column = next((column for column in columns_of(model) if goes_through(changes(model, column)["raw UPDATE"], row, unguarded=model._meta.db_table)), None)
        control += column is not None
        for name, change in changes(model, column or columns_of(model)[0]).items():
            tried += 1
            went += [] if is_refused(change, row) else [f"{model._meta.label} {name}"]
    figures = [exactly("went through", len(went)), exactly("went through without the trigger", control, len(ledgers)), at_least("tables", len(ledgers), 8)]
    return Outcome(10, f"{tried} changes to {len(ledgers)} append-only tables{': ' + ', '.join(went) if went else ''}", figures)


def append_only() -> list[type[models.Model]]:
    """Return the models whose tables refuse every UPDATE, but for what may be erased."""
    named = {model: {trigger.name for trigger in getattr(model._meta, "triggers", [])} for model in apps.get_models()}
    return [model for model, triggers in named.items() if {"refuse_update", "refuse_delete", "refuse_truncate"} <= triggers]


def columns_of(model: type[models.Model]) -> list[Any]:
    """Return the columns that the trigger lets nobody change."""
    update = next(trigger for trigger in getattr(model._meta, "triggers", []) if trigger.name == "refuse_update")
    spared = set(re.findall(r"- '(\w+)'", update.func))
    return [column for column in model._meta.concrete_fields if not column.primary_key and column.column not in spared]


def changes(model: type[models.Model], column: Any) -> dict[str, Change]:
    """Return the ways in which somebody may try to change a row. (There is no admin site.)"""
    table, key = model._meta.db_table, model._meta.pk
    assert key
    return {
        "save": lambda row: changed(row, column).save(),
        "update": lambda row: model._default_manager.filter(pk=row.pk).update(**{column.attname: value_for(column, row)}),
        "bulk_update": lambda row: model._default_manager.bulk_update([changed(row, column)], [column.name]),
        "delete": lambda row: model._default_manager.filter(pk=row.pk)._raw_delete("default"),
        "raw UPDATE": lambda row: raw(f'UPDATE "{table}" SET "{column.column}" = %s WHERE "{key.column}" = %s', [value_for(column, row), row.pk]),  # noqa: S608
        "raw DELETE": lambda row: raw(f'DELETE FROM "{table}" WHERE "{key.column}" = %s', [row.pk]),  # noqa: S608
        "TRUNCATE": lambda row: raw(f'TRUNCATE "{table}" CASCADE', []),
    }


def value_for(column: Any, row: models.Model) -> Any:
    """Return another value than the row has."""
    if isinstance(column, models.DateTimeField):
        return timezone.now()
    if isinstance(column, models.JSONField):
        return json.dumps({"another": 1})
    if isinstance(column, models.CharField | models.TextField):
        return "x"
    now = getattr(row, column.attname)
    return not now if isinstance(column, models.BooleanField) else (now if isinstance(now, int) else 0) + 1000


def changed(row: models.Model, column: Any) -> models.Model:
    copy = type(row)._default_manager.get(pk=row.pk)
    setattr(copy, column.attname, value_for(column, row))
    return copy


def raw(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def is_refused(change: Change, row: models.Model) -> bool:
    """Say whether the table refuses a change because it is only added to. It is taken back in any case."""
    return "is only ever added to" in error_of(change, row)


def goes_through(change: Change, row: models.Model, *, unguarded: str) -> bool:
    """Say whether a change is made where the table has no trigger."""
    return not error_of(change, row, unguarded=unguarded)


def error_of(change: Change, row: models.Model, *, unguarded: str = "") -> str:
    try:
        with transaction.atomic():
            if unguarded:
                raw(f'ALTER TABLE "{unguarded}" DISABLE TRIGGER USER', [])
            change(row)
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    return ""
