"""What people say about a version's life, its gates, its private split and its links: shape only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from exports import traps
from exports.gate_kinds import KINDS, Threshold
from exports.linking import MOST_DAYS
from exports.models import DatasetFile, RowReading, SplitAccess

LONGEST = 500
KINDS_OF_FLAG = [(kind, f"{words[:1].upper()}{words[1:]}") for kind, words in traps.KINDS.items()]


def why(label: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2}))


class ReleaseForm(forms.Form):
    reason = why("Note", "Stands in the version’s history.", required=False)


class WaiveForm(forms.Form):
    gate = forms.ChoiceField(choices=[])
    reason = why("Reason", "The data card prints it with your name.")

    def __init__(self, *args: Any, gates: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["gate"].choices = list(gates)  # type: ignore[attr-defined]


class ChangeForm(forms.Form):
    act = forms.ChoiceField(label="What", widget=forms.RadioSelect, choices=[])
    successor = forms.IntegerField(required=False, min_value=1, label="Version to use instead", help_text="Who asks for a withdrawn version is sent there.")
    reason = why("Reason", "Stands in the history, and who asks for the version reads it.")

    def __init__(self, *args: Any, acts: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = list(acts)  # type: ignore[attr-defined]


class ThresholdForm(forms.Form):
    gate = forms.ChoiceField(choices=[(key, kind.name) for key, kind in KINDS.items()])
    low = forms.FloatField(required=False, min_value=0, label="At least", help_text="Shares in percent, all else as a number. Empty: anything.")
    high = forms.FloatField(required=False, min_value=0, label="At most")
    reason = why("Reason")

    def threshold(self) -> Threshold:
        low, high = self.cleaned_data["low"], self.cleaned_data["high"]
        unit = 100 if KINDS[self.cleaned_data["gate"]].unit == "share" else 1
        return Threshold(None if low is None else low / unit, None if high is None else high / unit)


class GoldenForm(forms.Form):
    number = forms.IntegerField(label="Version", min_value=1)
    position = forms.IntegerField(label="Row", min_value=1)
    why = why("Why its verdict must stay")


class LetGoForm(forms.Form):
    why = why("Why it may change again")


class ReadingForm(forms.Form):
    verdict = forms.ChoiceField(choices=RowReading.Verdict.choices)
    note = forms.CharField(max_length=LONGEST, required=False)
    place = forms.IntegerField(min_value=1)


class AskForm(forms.Form):
    reason = why("What you need it for", "An owner or the dataset’s maker reads it and decides.")


class DecideForm(forms.Form):
    person = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}), help_text="A name.")
    kind = forms.ChoiceField(
        label="Decision",
        widget=forms.RadioSelect,
        choices=[
            (SplitAccess.Kind.APPROVED.value, "may download it"),
            (SplitAccess.Kind.REFUSED.value, "request refused"),
            (SplitAccess.Kind.REVOKED.value, "may no longer"),
        ],
    )
    reason = why("Reason")


class LinkForm(forms.Form):
    file = forms.ChoiceField(choices=[])
    for_whom = forms.CharField(max_length=120, label="For whom", help_text="Stands in the ledger of downloads.")
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=MOST_DAYS, initial=7, help_text=f"At most {MOST_DAYS}.")

    def __init__(self, *args: Any, files: Iterable[DatasetFile], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].choices = [(file.name, file.name) for file in files if not file.is_private]  # type: ignore[attr-defined]


class PushForm(forms.Form):
    repo = forms.ChoiceField(label=_("Repository"), choices=[], help_text=_("Of those that the operator named. It must be there already."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["repo"].choices = [(repo, repo) for repo in settings.HUB_REPOS]  # type: ignore[attr-defined]


class CheckForm(forms.Form):
    tokenizer = forms.CharField(
        required=False,
        max_length=300,
        help_text="root/folder, as for policies: its chat template is applied, and tokens are counted. Empty: texts alone.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    max_length = forms.IntegerField(
        required=False, min_value=1, max_value=10**7, label="Most tokens", help_text="What the trainer takes of a row; TRL takes 1,024."
    )


class FlagForm(forms.Form):
    kind = forms.ChoiceField(label="Flag", choices=KINDS_OF_FLAG)
    position = forms.IntegerField(required=False, min_value=1, label="Row", help_text="Its number; empty: all rows of this version with this flag.")
    leave_out = forms.ChoiceField(
        label="Decision", widget=forms.RadioSelect, choices=[("no", "fine as it is"), ("yes", "such rows stay out of later versions")]
    )
    reason = why("Reason")
