"""The shape of a campaign's move to another version of its rubric: which one, and what becomes of what there is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeling.models import Campaign, RubricVersion
from labeling.rewording import ANEW, KEEP, REFRESH, RETIRE, SETTLE

BEGUN = {
    ANEW: _("Ask them anew: they get k places under the new version. Labels under the one before are kept, and counted no more."),
    SETTLE: _("Settle them by the labels that are in, under the version before: their open places go. Where those disagree, an adjudicator decides."),
}
GOLD = {
    KEEP: _("Keep them: their verdicts hold under the new version, too."),
    REFRESH: _("Have them looked at: each is marked as due until somebody has said so. They stay in use meanwhile."),
    RETIRE: _("Retire them: their verdicts were said under the version before. Gold of the new version is made anew."),
}


class MoveForm(forms.Form):
    """None of the three has a usual value: each is a choice that somebody makes."""

    rubric_version = forms.TypedChoiceField(label=_("Version"), coerce=int)
    begun = forms.ChoiceField(label=_("Pairs that have labels and are not settled"), choices=list(BEGUN.items()), widget=forms.RadioSelect)
    gold = forms.ChoiceField(label=_("Gold items"), choices=list(GOLD.items()), widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:
        others = others_of(campaign)
        super().__init__(data, initial={"rubric_version": others[0].number if others else None})
        self.fields["rubric_version"].choices = [(version.number, in_words(version)) for version in others]  # type: ignore[attr-defined]

    @property
    def said(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


def others_of(campaign: Campaign) -> list[RubricVersion]:
    """Return the other versions of a campaign's rubric, the newest first."""
    current = campaign.rubric_version
    return list(RubricVersion.objects.filter(rubric=current.rubric_id).exclude(pk=current.pk).order_by("-number"))


def in_words(version: RubricVersion) -> str:
    number = _("Version %(number)s") % {"number": version.number}
    return f"{number}: {version.change_note}" if version.change_note else str(number)
