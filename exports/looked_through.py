"""Whether a version's texts were looked through, and how many flags wait for a decision: the figure of a gate. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from accounts import statements
from exports.flags import LATEST
from exports.gate_kinds import Figure
from exports.models import DatasetVersion, TextCheck
from labeling.words import counted

WAITING = f"""
SELECT flag.version_id, count(DISTINCT (flag.row_id, flag.kind)) FROM exports_rowflag AS flag {LATEST}
 WHERE flag.version_id = ANY(%(versions)s) AND decision.leave_out IS NULL GROUP BY flag.version_id
"""  # noqa: S608 - from there


def figures(versions: Iterable[DatasetVersion]) -> dict[int, Figure]:
    """Return for each version, by primary key, how many of its flags nobody has decided about, in two queries."""
    keys = [version.pk for version in versions]
    done = set(TextCheck.objects.filter(version__in=keys, ended_at__isnull=False).values_list("version_id", flat=True))
    waiting: dict[int, int] = dict(statements.every(WAITING, versions=keys))
    return {key: figure(waiting.get(key, 0)) if key in done else NOT_YET for key in keys}


NOT_YET = Figure(value=None, found="Nobody has looked its texts through yet for traps, leaks of identity and personal data.")


def figure(waiting: int) -> Figure:
    if not waiting:
        return Figure(value=0, found="Its texts were looked through; nothing that was flagged waits for a decision.")
    return Figure(value=waiting, found=f"{counted(waiting, 'flag')} in its texts {'waits' if waiting == 1 else 'wait'} for a decision.")
