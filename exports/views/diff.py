"""What changed from one version of a dataset to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from exports import access, differences
from exports.models import DatasetVersion
from labeling import charts
from labeling.charts import Part

PARTS = {"added": "part1", "resettled": "part2", "flipped": "part3", "moved": "part4", "removed": "part5"}
"""The shade that each kind of change has in a bar, in the order in which a bar shows them."""


@dataclass(frozen=True)
class SliceRow:
    name: str
    value: str
    total: int
    bar: Sequence[Part]


@require_safe
def diff(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show how a version differs from the one before it, or from the one that is asked for."""
    access.reader(request)
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
        context |= changed(old, new, kind=kind, after=request.GET.get("after", "")[:32])
    return render(request, "exports/diff.html", context)


def number_of(said: str, others: Sequence[int], number: int) -> int | None:
    """Return the version that is asked for, or the nearest one before, or None where there is no other. Raises Http404 for one that is not there."""
    if said:
        if not (said.isascii() and said.isdigit() and int(said[:9]) in others):
            raise Http404
        return int(said[:9])
    return max((other for other in others if other < number), default=min(others, default=None))


def changed(old: DatasetVersion, new: DatasetVersion, *, kind: str, after: str) -> dict[str, object]:
    found = differences.difference(old, new)
    rows = differences.changes(old, new, kind=kind, after=after)
    return {
        "difference": found,
        "counts": [(name, says, found.kinds[name], PARTS[name]) for name, says in differences.KINDS.items() if found.kinds[name]],
        "reasons": sorted(
            ((name, differences.REASONS[reason], n) for (name, reason), n in found.reasons.items()), key=lambda reason: (-reason[2], reason[0], reason[1])
        ),
        "slices": slice_rows(found.slices),
        "changes": rows,
        "after": rows[-1].key if len(rows) == differences.AT_ONCE else "",
    }


def slice_rows(slices: Sequence[tuple[str, str, Mapping[str, int]]]) -> list[SliceRow]:
    """Return the slices with bars on one scale: the longest is that of the slice in which most changed."""
    most = max((sum(kinds.values()) for _, _, kinds in slices), default=0)
    return [SliceRow(name, value, (total := sum(kinds.values())), bar_of(kinds, most - total)) for name, value, kinds in slices]


def bar_of(kinds: Mapping[str, int], rest: int) -> list[Part]:
    parts = charts.bar({part: kinds[kind] for kind, part in PARTS.items()} | {"rest": rest})
    return [part for part in parts if part.name != "rest"]
