"""The pages for who runs a campaign's queue: its places, who labels, what comes next, and the findings on which somebody has to decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.models import User
from labeling import access, activity, charts, findings, labelers, places, practising, queue_page, watching
from labeling.forms import check_kept_whole
from labeling.models import Campaign, Enrolment, Finding, Role

QUEUE, LIVE = "labeling/queue.html", "labeling/queue.html#live"


class DecisionForm(forms.Form):
    """What becomes of the labels in question; and, where their labeler is paused, whether they go on."""

    decision = forms.ChoiceField(
        label=gettext_lazy("The labels"), widget=forms.RadioSelect, error_messages={"required": gettext_lazy("Choose what becomes of the labels.")}
    )
    resume = forms.BooleanField(required=False)
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands with the decision, for those who run the campaign."),
    )

    def __init__(self, *args: Any, finding: Finding, is_paused: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decision"].choices = findings.choices_of(finding)  # type: ignore[attr-defined]
        self.fields["resume"].label = _("Let {username} go on").format(username=finding.labeler.username)
        if not is_paused:
            del self.fields["resume"]

    def clean_note(self) -> str:
        return check_kept_whole(self.cleaned_data["note"])


# ---- the queue -----------------------------------------------------------------------------------------------------


@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    person = signed_in(request)
    found, at = access.campaign_of(person, slug, Role.RESEARCHER), timezone.now()
    chosen = chosen_labeler(request, found)
    upcoming = places.upcoming(found, chosen, reader=person, at=at)
    context: dict[str, Any] = {
        "campaign": found,
        "chosen": chosen,
        "live": queue_page.live_of(found, at=at),
        "next": queue_page.next_of(upcoming, labeler=chosen.username if chosen else ""),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, LIVE, context)
    workers = activity.workers_of(found, at=at)
    rows = [queue_page.worker_row(worker, bar=found.gold_bar / 100) for worker in workers]
    context |= {
        "labelers": [worker.labeler for worker in workers],
        "needs": list(queue_page.needs_of(found, workers)),
        "bar_at": charts.at(found.gold_bar / 100),
        "workers": rows,
        "checked": [row for row in rows if row.score or row.alike],
    }
    return render(request, QUEUE, context)


def chosen_labeler(request: HttpRequest, campaign: Campaign) -> User | None:
    """Return for whom the next places are asked; None: anybody. Raises Http404 for who does not label there."""
    sent = request.GET.get("labeler", "")
    if not sent:
        return None
    if not (sent.isdecimal() and len(sent) < 19):
        raise Http404(_("No such labeler."))
    return get_object_or_404(labelers.users_of(campaign), pk=int(sent))


# ---- findings ------------------------------------------------------------------------------------------------------


@require_safe
def findings_list(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    waiting, decided = findings.of_campaign(found)
    return render(request, "labeling/findings.html", {"campaign": found, "waiting": waiting, "decided": decided})


@require_safe
def finding(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = finding_of(request, slug, pk)
    return finding_page(request, found, DecisionForm(finding=found, is_paused=is_paused(found)))


@require_POST
def decide_finding(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, person = finding_of(request, slug, pk), signed_in(request)
    form = DecisionForm(request.POST, finding=found, is_paused=is_paused(found))
    if not form.is_valid():
        return finding_page(request, found, form, status=422)
    try:
        findings.check_may_decide(found, person)
        decided = watching.decide(finding=found, **form.cleaned_data, actor=person, at=timezone.now())
    except (watching.NotPossible, practising.CannotLetIn) as refusal:
        messages.error(request, str(refusal))
        return redirect("finding", slug, pk)
    messages.success(request, findings.decided_in_words(decided))
    return redirect("findings", slug)


def finding_of(request: HttpRequest, slug: str, pk: int) -> Finding:
    """Return the finding of a campaign that the person runs. Raises Http404 for any other."""
    return get_object_or_404(findings.queryset(signed_in(request), Role.RESEARCHER), pk=pk, campaign__slug=slug)


def is_paused(found: Finding) -> bool:
    return Enrolment.objects.filter(campaign=found.campaign, labeler=found.labeler, state=Enrolment.State.PAUSED).exists()


def finding_page(request: HttpRequest, found: Finding, form: DecisionForm, *, status: int = 200) -> HttpResponse:
    did = activity.lately(found.campaign, at=timezone.now()).get(found.labeler_id, activity.NOT_SEEN)
    pace, seconds = queue_page.pace_in_words(did)
    context = {
        "campaign": found.campaign,
        "finding": found,
        "caveat": findings.caveat(found),
        "rows": list(findings.evidence_rows(found)),
        "lately": did,
        "pace": pace,
        "seconds": seconds,
        "decision": findings.decision_of(found),
        "may_decide": findings.may_decide(found, signed_in(request)),
        "is_paused": is_paused(found),
        "form": form,
    }
    return render(request, "labeling/finding.html", context, status=status)
