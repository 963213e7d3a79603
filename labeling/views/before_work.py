"""What is read and answered at the desk before work goes on: a rubric that was worded anew, and the text that people agree to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import consenting
from accounts.access import signed_in
from labeling import access, acknowledging, cards
from labeling.models import Role
from labeling.views.work import go_on, template_for


@require_POST
def acknowledge_rubric(request: HttpRequest, slug: str) -> HttpResponse:
    """Store that the labeler has read what changed, and go on. Where it changed once more meanwhile, that is shown."""
    campaign, at = access.campaign_of(signed_in(request), slug, Role.LABELER), timezone.now()
    sent = request.POST.get("number", "")
    try:
        acknowledging.acknowledge(campaign, signed_in(request), number=int(sent) if sent.isdecimal() and len(sent) < 6 else 0, at=at)
    except acknowledging.NotCurrent:
        return go_on(request, campaign, _("The rubric has changed once more."), at=at)
    return go_on(request, campaign, _("Noted: you have read version %(number)s of the rubric.") % {"number": campaign.rubric_version.number}, at=at)


@require_POST
def consent_at_desk(request: HttpRequest, slug: str) -> HttpResponse:
    """Agree to the text that was shown, and go on; or do not, and read what follows."""
    campaign, at = access.campaign_of(signed_in(request), slug, Role.LABELER), timezone.now()
    text = consenting.current()
    if text is None or request.POST.get("number") != str(text.number):
        return go_on(request, campaign, _("The text has changed. Read it once more."), at=at)
    given = request.POST.get("say") == "yes"
    consenting.say(user=signed_in(request), text=text, given=given, at=at)
    wanted = consenting.wanted_of(signed_in(request))
    if wanted is None:
        return go_on(request, campaign, _("You agree to version %(number)s.") % {"number": text.number}, at=at)
    card = cards.asked_for(wanted, campaign, signed_in(request), at=at)
    return render(request, template_for(request), {"asked": card, "declined": True})
