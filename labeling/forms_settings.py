"""The shape of a campaign's settings as a page takes them: what may be set, in sections, with what the field's practice says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from labeling import terms
from labeling.campaigning import MOST_CHECKS, MOST_OVERLAP
from labeling.models import Campaign, Pair
from labeling.resolution import IN_WORDS

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

MAX_LEASE_MINUTES = 24 * 60
SAMPLE = 200
"""Pairs that are looked at for the slices to choose from."""

OVERLAP_HELP = format_lazy(
    gettext_lazy(
        "How many people label each pair, 1 to {most_overlap}. Three is the common useful number: merging three labelers lifted "
        "their agreement with the researchers from 72 to 77 % (Stiennon et al., 2020). One is enough where somebody checks."
    ),
    most_overlap=MOST_OVERLAP,
)
SHARE_HELP = gettext_lazy(
    "Percent of pairs, drawn at random, that get k labels; the others get one. Large collections put one label on most pairs and repeat a sample, say 10 %."
)
ESCALATION_HELP = gettext_lazy("Further labels that a pair may get, one after the other, when the first ones disagree. With 0 an adjudicator decides at once.")
ELIGIBLE_HELP = gettext_lazy(
    "A slice of the prompts, such as language: a pair then goes only to labelers who have its value as a skill. Pairs without the slice go to everybody."
)
LEASE_HELP = gettext_lazy(
    "Minutes. A short pair takes about 40 s, an expert check 3 to 5 min. A pair that was not answered by then goes to somebody else; "
    "what was typed still counts where there is room."
)
GOLD_HELP = format_lazy(
    gettext_lazy("Percent of what a labeler is shown whose verdict is known. They look like any other pair. With repeats at most {most_checks} %."),
    most_checks=MOST_CHECKS,
)
REPEAT_HELP = gettext_lazy(
    "Percent of what a labeler is shown that they have labeled before, with its sides swapped: how far they agree with themselves. It never counts as a label."
)
BAR_HELP = gettext_lazy(
    "Percent. A labeler whose score on gold lies surely below is paused, and a researcher looks. "
    "Marks in print are 70 to 75 %, on clear cases; on others gold measures taste."
)

ORDERS = {
    Campaign.Strategy.FINISH: gettext_lazy("Finish what is begun: all labels of a pair before the next pair is opened"),
    Campaign.Strategy.SPREAD: gettext_lazy("Spread: every pair once before any pair twice"),
    Campaign.Strategy.PRIORITY: gettext_lazy("Priority: pairs of higher priority first, each finished before the next"),
    Campaign.Strategy.INFORMATIVE: gettext_lazy("Most informative: pairs of the policies whose difference is least certain first. It bends agreement figures"),
}


@dataclass(frozen=True)
class Section:
    slug: str
    title: _StrOrPromise
    names: tuple[str, ...]


SECTIONS = (
    Section("labels", gettext_lazy("Labels a pair"), ("overlap", "overlap_share", "escalation_bound", "rule")),
    Section("order", gettext_lazy("Who gets what, and when"), ("strategy", "eligible_by", "quota", "daily_ceiling")),
    Section("checks", gettext_lazy("Gold and repeats"), ("gold_percent", "repeat_percent", "gold_bar", "gold_window")),
    Section("practice", gettext_lazy("Practice"), ("practice_items", "pass_mark")),
    Section("desk", gettext_lazy("At the desk"), ("name", "lease_minutes", "rationale_required", "rationale_minimum")),
)


def whole(label: _StrOrPromise, least: int, most: int, help_text: _StrOrPromise, *, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=help_text, required=required, show_hidden_initial=True)


class SettingsForm(forms.Form):
    """Each field goes with what it showed: what somebody else changed in the meantime is not changed back."""

    overlap = whole("k", 1, MOST_OVERLAP, OVERLAP_HELP)
    overlap_share = whole(gettext_lazy("Overlap share"), 1, 100, SHARE_HELP)
    escalation_bound = whole(gettext_lazy("Escalation"), 0, 5, ESCALATION_HELP)
    rule = forms.ChoiceField(
        label=gettext_lazy("A pair is settled when"),
        choices=[(rule, gettext_lazy(words)) for rule, words in IN_WORDS.items()],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Changed, all pairs are settled again, but for those an adjudicator decided. Each keeps the name of the rule that settled it."),
        show_hidden_initial=True,
    )
    strategy = forms.ChoiceField(label=gettext_lazy("Order"), choices=list(ORDERS.items()), widget=forms.RadioSelect, show_hidden_initial=True)
    eligible_by = forms.CharField(
        label=gettext_lazy("Eligible by"),
        max_length=60,
        required=False,
        help_text=ELIGIBLE_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "list": "slices"}),
        show_hidden_initial=True,
    )
    quota = whole(
        gettext_lazy("Quota"),
        1,
        10_000_000,
        gettext_lazy("Labels that one labeler may give here at most. What is checked counts, practice does not."),
        required=False,
    )
    daily_ceiling = whole(gettext_lazy("Daily ceiling"), 1, 100_000, gettext_lazy("The same for one day."), required=False)
    gold_percent = whole(gettext_lazy("Gold"), 0, MOST_CHECKS, GOLD_HELP)
    repeat_percent = whole(gettext_lazy("Repeats"), 0, MOST_CHECKS, REPEAT_HELP)
    gold_bar = whole(gettext_lazy("Gold bar"), 0, 100, BAR_HELP)
    gold_window = whole(
        gettext_lazy("Gold window"), 8, 1000, gettext_lazy("Gold answers that the rolling score looks back on. Below 8 answers nobody is paused.")
    )
    practice_items = whole(
        gettext_lazy("Practice items"),
        0,
        50,
        gettext_lazy("Gold items that a new labeler practises on first, with feedback. With 0 they begin with real work."),
    )
    pass_mark = whole(
        gettext_lazy("Pass mark"), 0, 100, gettext_lazy("Percent of a practice round that lets a labeler in. Pass marks in print are 70 to 75 %.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("What labelers see, too."), show_hidden_initial=True)
    lease_minutes = whole(gettext_lazy("Time for a pair"), 1, MAX_LEASE_MINUTES, LEASE_HELP)
    rationale_required = forms.BooleanField(label=gettext_lazy("Every label needs a rationale"), required=False, show_hidden_initial=True)
    rationale_minimum = whole(gettext_lazy("Least length of a rationale"), 0, 1000, gettext_lazy("Characters. With 0 a word will do."))

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:
        super().__init__(data, initial={name: getattr(campaign, name) for name in terms.TERMS})
        for name, field in self.fields.items():
            field.disabled = campaign.state not in terms.TERMS[name].states

    @property
    def said(self) -> dict[str, Any]:
        """What was changed since the page was drawn, by the name of the setting."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def hidden_initials(self) -> list[str]:
        """Return what goes with fields whose choices are drawn one by one."""
        return [field.as_hidden(only_initial=True) for field in self if field.widget_type == "radioselect"]

    def sections(self) -> Iterator[tuple[Section, list[forms.BoundField]]]:
        for section in SECTIONS:
            yield section, [self[name] for name in section.names]


def slices_of(campaign: Campaign) -> list[str]:
    """Return names of slices to go by, as some of the campaign's prompts have them."""
    found = Pair.objects.filter(campaign=campaign).order_by("-pk").values_list("prompt__slices", flat=True)[:SAMPLE]
    return sorted({name for slices in found for name in slices})
