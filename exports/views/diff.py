"""What changed from one version of a dataset to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from exports import access, differences
from exports.differences import Change
from exports.models import PRIVATE, DatasetRow, DatasetVersion
from labeling import charts
from labeling.charts import Part

PARTS = {"added": "part1", "resettled": "part2", "flipped": "part3", "moved": "part6", "removed": "part5"}
"""The shade that each kind of change has in a bar, in the order in which a bar shows them."""


@dataclass(frozen=True)
class SliceRow:
    """A slice with its changed rows: by kind in words and figures, and as a bar."""

    name: str
    value: str
    total: int
    kinds: Sequence[tuple[str, int]]
    bar: Sequence[Part]


@dataclass(frozen=True)
class Line:
    """A change with where its row stands, and the beginning of its prompt: empty where the person must not read it."""

    change: Change
    version: DatasetVersion
    position: int
    asked: str
    link: str


@require_safe
def diff(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show how a version differs from the one before it, or from the one that is asked for."""
    user = access.reader(request)
    versions = DatasetVersion.objects.filter(dataset__name=name).select_related("dataset").order_by("number")
    new = get_object_or_404(versions, number=number)
    others = list(versions.exclude(pk=new.pk).values_list("number", flat=True))
    before = number_of(request.GET.get("from", ""), others, number)
    old = versions.get(number=before) if before is not None else None
    kind = request.GET.get("kind", "")
    if kind and kind not in differences.KINDS:
        raise Http404
    context: dict[str, object] = {"version": new, "dataset": new.dataset, "old": old, "others": others, "kind": kind, "kinds": differences.KINDS}
    if old is not None:
        context |= changed(old, new, kind=kind, after=request.GET.get("after", "")[:32], private=access.is_named(user, new.dataset))
    return render(request, "exports/diff.html", context)


def number_of(said: str, others: Sequence[int], number: int) -> int | None:
    """Return the version that is asked for, or the nearest one before, or None where there is no other. Raises Http404 for one that is not there."""
    if said:
        if not (said.isascii() and said.isdigit() and int(said[:9]) in others):
            raise Http404
        return int(said[:9])
    return max((other for other in others if other < number), default=min(others, default=None))


def changed(old: DatasetVersion, new: DatasetVersion, *, kind: str, after: str, private: bool) -> dict[str, object]:
    found = differences.difference(old, new)
    rows = differences.changes(old, new, kind=kind, after=after)
    return {
        "difference": found,
        "counts": [(name, says, found.kinds[name], PARTS[name]) for name, says in differences.KINDS.items() if found.kinds[name]],
        "reasons": sorted(
            ((name, differences.REASONS[reason], n) for (name, reason), n in found.reasons.items()), key=lambda reason: (-reason[2], reason[0], reason[1])
        ),
        "slices": slice_rows(found.slices),
        "changes": [line_of(change, old, new, private=private) for change in rows],
        "after": rows[-1].key if len(rows) == differences.AT_ONCE else "",
    }


def line_of(change: Change, old: DatasetVersion, new: DatasetVersion, *, private: bool) -> Line:
    """Return a change as a line of the page. Texts of the private split are for who is named, and those of a withdrawn version for nobody."""
    rows = [(row, version) for row, version in ((change.new, new), (change.old, old)) if row]
    is_open = private or all(row.split != PRIVATE for row, _ in rows)
    shown = [(row, version) for row, version in rows if is_open and version.state != DatasetVersion.State.WITHDRAWN]
    row, version = (shown or rows)[0]
    link = f"{version.get_absolute_url()}?after={row.position - 1}#rows" if shown else ""
    return Line(change, version, row.position, asked_in(row) if shown else "", link)


def asked_in(row: DatasetRow) -> str:
    """Return what the user asked last; empty once it was erased."""
    return str(row.prompt.messages[-1]["content"]) if row.prompt.messages else ""


def slice_rows(slices: Sequence[tuple[str, str, Mapping[str, int]]]) -> list[SliceRow]:
    """Return the slices with bars on one scale: the longest is that of the slice in which most changed."""
    most = max((sum(kinds.values()) for _, _, kinds in slices), default=0)
    return [SliceRow(name, value, (total := sum(kinds.values())), some_of(kinds), bar_of(kinds, most - total)) for name, value, kinds in slices]


def some_of(kinds: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the kinds of which there are some, in the order of the bar."""
    return [(kind, kinds[kind]) for kind in PARTS if kinds[kind]]


def bar_of(kinds: Mapping[str, int], rest: int) -> list[Part]:
    parts = charts.bar({part: kinds[kind] for kind, part in PARTS.items()} | {"rest": rest})
    return [part for part in parts if part.name != "rest"]
