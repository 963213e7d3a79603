"""The page of a dataset's gates: what they ask for, and the pairs whose verdict must stay."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import researcher
from accounts.models import User
from exports import access, gatekeeping, golden_pairs
from exports.forms_life import GoldenForm, LetGoForm, ThresholdForm
from exports.gate_kinds import KINDS, Kind, Threshold, threshold_in_words
from exports.models import Dataset, GateThreshold, GoldenPair
from exports.retelling import FOUND
from exports.thresholds import thresholds_of


@dataclass(frozen=True)
class Asked:
    """A gate with what it asks for here, and who set it so; None: the default."""

    kind: Kind
    threshold: Threshold
    set_by: GateThreshold | None

    @property
    def words(self) -> str:
        return threshold_in_words(self.kind, self.threshold)

    @property
    def usual(self) -> str:
        return threshold_in_words(self.kind, self.kind.asks)


@require_http_methods(["GET", "HEAD", "POST"])
def dataset_gates(request: HttpRequest, name: str) -> HttpResponse:
    user = access.reader(request)
    dataset = get_object_or_404(Dataset, name=name)
    if request.method != "POST":
        return page(request, dataset, ThresholdForm(), GoldenForm())
    form = ThresholdForm(request.POST)
    if not access.may_decide(user, dataset):
        return page(request, dataset, form, GoldenForm(), status=403, error=_("An owner or the dataset’s maker changes what gates ask for."))
    if not form.is_valid():
        return page(request, dataset, form, GoldenForm(), status=422)
    try:
        gatekeeping.set_threshold(dataset, form.cleaned_data["gate"], form.threshold(), actor=user, reason=form.cleaned_data["reason"], at=timezone.now())
    except gatekeeping.NotPossible as refusal:
        return page(request, dataset, form, GoldenForm(), status=409, error=str(refusal))
    messages.success(
        request,
        _("{name} asks for {threshold_in_words} from now on.").format(
            name=_(KINDS[form.cleaned_data["gate"]].name),
            threshold_in_words=FOUND.tell(threshold_in_words(KINDS[form.cleaned_data["gate"]], form.threshold())),
        ),
    )
    return redirect("dataset-gates", dataset.name)


@require_POST
def mark_golden(request: HttpRequest, name: str) -> HttpResponse:
    user = researcher(request)
    dataset = get_object_or_404(Dataset, name=name)
    form = GoldenForm(request.POST)
    if not form.is_valid():
        return page(request, dataset, ThresholdForm(), form, status=422)
    said = form.cleaned_data
    row = golden_pairs.row_at(dataset, number=said["number"], position=said["position"])
    if row is None or (row.split == "test" and not access.is_named(user, dataset)):
        return page(
            request,
            dataset,
            ThresholdForm(),
            form,
            status=404,
            error=_("Version {number} has no row {position} that you may read.").format(number=said["number"], position=said["position"]),
        )
    try:
        gatekeeping.mark_golden(row, actor=user, why=said["why"], at=timezone.now())
    except gatekeeping.NotPossible as refusal:
        return page(request, dataset, ThresholdForm(), form, status=409, error=str(refusal))
    messages.success(request, _("The verdict of this pair must stay from now on."))
    return redirect("dataset-gates", dataset.name)


@require_POST
def let_go(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    user = researcher(request)
    dataset = get_object_or_404(Dataset, name=name)
    mark = get_object_or_404(dataset.golden_pairs.select_related("pair", "dataset"), pk=pk)
    form = LetGoForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the verdict may change again."))
        return page(request, dataset, ThresholdForm(), GoldenForm(), status=422)
    gatekeeping.let_go(mark, actor=user, why=form.cleaned_data["why"], at=timezone.now())
    messages.success(request, _("The verdict of this pair may change again."))
    return redirect("dataset-gates", dataset.name)


def page(request: HttpRequest, dataset: Dataset, form: ThresholdForm, golden_form: GoldenForm, *, status: int = 200, error: str = "") -> HttpResponse:
    user = access.reader(request)
    if error:
        messages.error(request, error)
    last = {row.gate: row for row in dataset.thresholds.select_related("actor").order_by("pk")}
    context = {
        "dataset": dataset,
        "asked": [Asked(KINDS[key], threshold, last.get(key)) for key, threshold in thresholds_of(dataset).items()],
        "golden": golden_shown(dataset, user),
        "form": form,
        "golden_form": golden_form,
        "may_decide": access.may_decide(user, dataset),
        "may_mark": user.is_researcher,
        "events": [
            Asked(KINDS[row.gate], Threshold(row.low, row.high), row)
            for row in dataset.thresholds.select_related("actor").filter(gate__in=KINDS).order_by("-pk")[:30]
        ],
    }
    return render(request, "exports/dataset_gates.html", context, status=status)


def golden_shown(dataset: Dataset, user: User) -> list[tuple[GoldenPair, str | None]]:
    """Return the marks, each with the beginning of its prompt; None where that is private and the person is not named."""
    private = set() if access.is_named(user, dataset) else golden_pairs.private(dataset)
    return [(mark, None if mark.pair_id in private else mark.prompt_in_short) for mark in golden_pairs.marked(dataset)]
