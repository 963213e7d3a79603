"""What a person says when a version is to be frozen: shape only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator, slug_re
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.wording import told
from exports import holding_out, splits
from exports.choices import STANDINGS, STRONGEST, BadChoice, Choice, slices_named
from exports.holding_out import CannotHoldOut
from exports.models import Dataset
from exports.rows import policy_name
from labeling.models import Campaign, Role, RubricVersion
from policies.models import Policy

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


SHARES: dict[str, tuple[_StrOrPromise, Mapping[str, float]]] = {
    "90-10": (gettext_lazy("90 % train, 10 % validation"), splits.DEFAULT_SHARES),
    "80-10-10": (gettext_lazy("80 % train, 10 % validation, 10 % test"), {"train": 0.8, "validation": 0.1, "test": 0.1}),
    "100": (gettext_lazy("all of it train"), {"train": 1.0, "validation": 0.0, "test": 0.0}),
}


class FreezeForm(forms.Form):
    campaigns = forms.ModelMultipleChoiceField(
        Campaign.objects.none(),
        label=gettext_lazy("Campaigns"),
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one campaign.")},
    )
    dataset = forms.CharField(
        label=gettext_lazy("Dataset"),
        max_length=80,
        error_messages={"required": gettext_lazy("Write a name: a new one, or that of a dataset that has versions.")},
        validators=[RegexValidator(slug_re, gettext_lazy("Letters, digits, hyphens and underscores only."))],
        widget=forms.TextInput(attrs={"list": "known-datasets", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("A new name, or one that has versions already. It stands in addresses and file names."),
    )
    shares = forms.ChoiceField(
        label=gettext_lazy("Splits"),
        choices=[(key, label) for key, (label, _) in SHARES.items()],
        initial="90-10",
        help_text=gettext_lazy("Counts for a new dataset. Its later versions keep them, so that no prompt moves from train to test."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=300, required=False, help_text=gettext_lazy("Counts for a new dataset, and stands on its data card.")
    )
    rubric_versions = forms.MultipleChoiceField(
        label=gettext_lazy("Rubric versions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Pairs judged under one of these; all of them, if none is checked."),
    )
    standings = forms.MultipleChoiceField(
        label=gettext_lazy("Settled"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("agreed", gettext_lazy("by the labels: agreed")), ("adjudicated", gettext_lazy("by an adjudicator"))],
        help_text=gettext_lazy("Both, if none is checked."),
    )
    least_agreement = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        label=gettext_lazy("Least agreement, in percent"),
        help_text=gettext_lazy("Of the labels that count, so many at least say the verdict."),
    )
    least_strength = forms.FloatField(
        required=False,
        min_value=0,
        max_value=STRONGEST,
        label=gettext_lazy("Least margin"),
        help_text=gettext_lazy("0 to 3: the mean preference towards chosen."),
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )
    policies = forms.MultipleChoiceField(
        label=gettext_lazy("Policies"),
        required=False,
        help_text=gettext_lazy("Both sides are by one of these; any, if none is chosen."),
        widget=forms.SelectMultiple(attrs={"size": 5}),
    )
    slices = forms.CharField(
        label=gettext_lazy("Slices"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "placeholder": "language=en"}),
        help_text=gettext_lazy("One name=value a line. A prompt has one of the values for each name."),
    )
    cap_per_person = forms.IntegerField(
        required=False,
        min_value=1,
        label=gettext_lazy("Most labels of one person"),
        help_text=gettext_lazy("A few people give most of the labels; so many of each count here."),
    )
    hold_out = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label=gettext_lazy("Held-out labelers"),
        to_field_name="username",
        required=False,
        help_text=gettext_lazy("What they judged makes rows in the test split alone, in this version and all later ones. That cannot be taken back."),
        widget=forms.SelectMultiple(attrs={"size": 5}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choosable = campaigns_of(user)
        self.fields["campaigns"].queryset = self.choosable  # type: ignore[attr-defined]
        if len(self.choosable) == 1:
            self.fields["campaigns"].initial = [self.choosable[0].slug]
            self.fields["dataset"].initial = self.choosable[0].slug
        self.fields["rubric_versions"].choices = [(name, name) for name in rubric_versions_of(self.choosable)]  # type: ignore[attr-defined]
        self.fields["policies"].choices = [(name, name) for name in map(policy_name, Policy.objects.order_by("name"))]  # type: ignore[attr-defined]
        self.fields["hold_out"].queryset = holding_out.labelers_of(self.choosable)  # type: ignore[attr-defined]
        self.known = list(Dataset.objects.order_by("name").values_list("name", flat=True))
        self.choice = Choice()

    def clean_shares(self) -> Mapping[str, float]:
        return SHARES[self.cleaned_data["shares"]][1]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        try:
            self.choice = choice_of(said)
        except BadChoice as error:
            self.add_error("slices" if "slice" in error.words else None, told(error))
        self.clean_held_out(said)
        return said

    def clean_held_out(self, said: Mapping[str, Any]) -> None:
        """Refuse people who cannot be held out, where all that this hangs on was said."""
        if not {"campaigns", "dataset", "shares", "hold_out"} <= said.keys():
            return
        known = Dataset.objects.filter(name=said["dataset"]).first()
        try:
            holding_out.refuse_unless_possible(known, list(said["hold_out"]), list(said["campaigns"]), shares=known.shares if known else said["shares"])
        except CannotHoldOut as error:
            self.add_error("hold_out", str(error))

    def whole(self) -> list[forms.BoundField]:
        """Return the fields that every version needs."""
        return [self[name] for name in ("campaigns", "dataset", "shares", "description")]

    def narrowing(self) -> list[forms.BoundField]:
        """Return the fields that say which of the settled pairs are wanted."""
        return [self[name] for name in NARROWING]

    def narrows(self) -> bool:
        return any(self.data.get(name) for name in NARROWING)

    def as_sent(self) -> list[tuple[str, str]]:
        """Return names and values as they were sent, so that they can be sent again."""
        sent = self.data
        values = {name: sent.getlist(name) if hasattr(sent, "getlist") else [sent.get(name, "")] for name in self.fields}
        return [(name, value) for name, many in values.items() for value in many if value]


NARROWING = ("rubric_versions", "standings", "least_agreement", "least_strength", "policies", "slices", "cap_per_person", "hold_out")


def choice_of(said: Mapping[str, Any]) -> Choice:
    """Return what the fields choose. Raises BadChoice."""
    standings, percent = said.get("standings") or [], said.get("least_agreement")
    return Choice(
        rubric_versions=tuple(said.get("rubric_versions") or ()),
        standings=() if len(standings) == len(STANDINGS) else tuple(standings),
        least_agreement=None if percent is None else percent / 100,
        least_strength=said.get("least_strength"),
        policies=tuple(said.get("policies") or ()),
        slices=slices_named(line.strip() for line in (said.get("slices") or "").splitlines() if line.strip()),
        cap_per_person=said.get("cap_per_person"),
    )


def rubric_versions_of(campaigns: QuerySet[Campaign]) -> list[str]:
    """Return every version of the rubrics that the campaigns are judged by, as rubric@number."""
    versions = RubricVersion.objects.filter(rubric__in=campaigns.values("rubric_version__rubric")).order_by("rubric__name", "number")
    return [f"{name}@{number}" for name, number in versions.values_list("rubric__name", "number")]


def campaigns_of(user: User) -> QuerySet[Campaign]:
    """Return the campaigns in which the person is a researcher."""
    return Campaign.objects.filter(memberships__user=user, memberships__role=Role.RESEARCHER).order_by("name")
