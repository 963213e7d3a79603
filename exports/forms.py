"""What a person says when a version is to be frozen: shape only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator, slug_re
from django.db.models import QuerySet

from accounts.models import User
from exports import splits
from exports.models import Dataset
from labeling.models import Campaign, Role

SHARES: dict[str, tuple[str, Mapping[str, float]]] = {
    "90-10": ("90 % train, 10 % validation", splits.DEFAULT_SHARES),
    "80-10-10": ("80 % train, 10 % validation, 10 % test", {"train": 0.8, "validation": 0.1, "test": 0.1}),
    "100": ("all of it train", {"train": 1.0, "validation": 0.0, "test": 0.0}),
}


class FreezeForm(forms.Form):
    campaigns = forms.ModelMultipleChoiceField(
        Campaign.objects.none(), to_field_name="slug", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one campaign."}
    )
    dataset = forms.CharField(
        max_length=80,
        validators=[RegexValidator(slug_re, "Letters, digits, hyphens and underscores only.")],
        widget=forms.TextInput(attrs={"list": "known-datasets", "autocomplete": "off", "spellcheck": "false"}),
        help_text="A new name, or one that has versions already. It stands in addresses and file names.",
    )
    shares = forms.ChoiceField(
        label="Splits",
        choices=[(key, label) for key, (label, _) in SHARES.items()],
        initial="90-10",
        help_text="Counts for a new dataset. Its later versions keep them, so that no prompt moves from train to test.",
    )
    description = forms.CharField(max_length=300, required=False, help_text="Counts for a new dataset, and stands on its data card.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choosable = campaigns_of(user)
        self.fields["campaigns"].queryset = self.choosable  # type: ignore[attr-defined]
        if len(self.choosable) == 1:
            self.fields["campaigns"].initial = [self.choosable[0].slug]
            self.fields["dataset"].initial = self.choosable[0].slug
        self.known = list(Dataset.objects.order_by("name").values_list("name", flat=True))

    def clean_shares(self) -> Mapping[str, float]:
        return SHARES[self.cleaned_data["shares"]][1]


def campaigns_of(user: User) -> QuerySet[Campaign]:
    """Return the campaigns in which the person is a researcher."""
    return Campaign.objects.filter(memberships__user=user, memberships__role=Role.RESEARCHER).order_by("name")
