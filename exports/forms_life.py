"""What people say about a version's life, its gates, its private split and its links: shape only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from exports import traps
from exports.gate_kinds import KINDS, Threshold
from exports.linking import MOST_DAYS
from exports.models import DatasetFile, RowReading, SplitAccess, VersionEvent

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


Act = VersionEvent.Kind
LONGEST = 500
CHOOSE = {"required": gettext_lazy("Choose one of these.")}


def kinds_of_flag() -> list[tuple[str, str]]:
    said = {kind: gettext(words) for kind, words in traps.KINDS.items()}
    return [(kind, f"{words[:1].upper()}{words[1:]}") for kind, words in said.items()]


def why(label: _StrOrPromise, help_text: _StrOrPromise = "", *, required: bool = True) -> forms.CharField:
    says = {"required": gettext_lazy("Write why, in a sentence.")}
    return forms.CharField(
        label=label, max_length=LONGEST, required=required, help_text=help_text, error_messages=says, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReleaseForm(forms.Form):
    reason = why(gettext_lazy("Note"), gettext_lazy("Stands in the version’s history."), required=False)


class WaiveForm(forms.Form):
    gate = forms.ChoiceField(label=gettext_lazy("Gate"), choices=[])
    reason = why(gettext_lazy("Reason"), gettext_lazy("The data card prints it with your name."))

    def __init__(self, *args: Any, gates: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["gate"].choices = [(key, gettext(name)) for key, name in gates]  # type: ignore[attr-defined]


class ChangeForm(forms.Form):
    """One form for all acts; `of` makes what a page shows of it for one of them."""

    act = forms.ChoiceField(widget=forms.HiddenInput, choices=[])
    successor = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        choices=[],
        required=False,
        label=gettext_lazy("Version to use instead"),
        help_text=gettext_lazy("Who asks for a withdrawn version is sent there."),
    )
    reason = why(gettext_lazy("Reason"), gettext_lazy("Stands in the history, and who asks for the version reads it."))

    def __init__(self, *args: Any, acts: Iterable[str], others: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = [(act, act) for act in acts]  # type: ignore[attr-defined]
        versions = [(number, gettext("Version {number}").format(number=number)) for number in others]
        self.fields["successor"].choices = [("", gettext("none yet")), *versions]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, act: str, *, others: Iterable[int]) -> ChangeForm:
        """Return the empty form of one act, whose fields have ids of their own on the page."""
        return cls(acts=[act], others=others, initial={"act": act}, auto_id=f"{act}-%s").shown_for(act)

    def shown_for(self, act: str) -> ChangeForm:
        """Drop what the act has no use for, and ask for what it needs. Of a form that was filled in, once it was looked at."""
        if act not in (Act.WITHDRAWN, Act.SUCCEEDED):
            del self.fields["successor"]
        elif act == Act.SUCCEEDED:
            self.fields["successor"].required = True
            self.fields["successor"].choices = self.fields["successor"].choices[1:]  # type: ignore[attr-defined]
        return self

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("act") == Act.SUCCEEDED and "successor" in said and not said["successor"]:
            self.add_error("successor", gettext("Choose the version to use instead."))
        return said


class ThresholdForm(forms.Form):
    gate = forms.ChoiceField(label=gettext_lazy("Gate"), choices=lambda: [(key, gettext(kind.name)) for key, kind in KINDS.items()])
    low = forms.FloatField(
        required=False, min_value=0, label=gettext_lazy("At least"), help_text=gettext_lazy("Shares in percent, all else as a number. Empty: anything.")
    )
    high = forms.FloatField(required=False, min_value=0, label=gettext_lazy("At most"))
    reason = why(gettext_lazy("Reason"))

    def threshold(self) -> Threshold:
        low, high = self.cleaned_data["low"], self.cleaned_data["high"]
        unit = 100 if KINDS[self.cleaned_data["gate"]].unit == "share" else 1
        return Threshold(None if low is None else low / unit, None if high is None else high / unit)


class GoldenForm(forms.Form):
    number = forms.IntegerField(label=gettext_lazy("Version"), min_value=1, error_messages={"required": gettext_lazy("Write the number of a version.")})
    position = forms.IntegerField(label=gettext_lazy("Row"), min_value=1, error_messages={"required": gettext_lazy("Write the number of a row.")})
    why = why(gettext_lazy("Why its verdict must stay"))


class LetGoForm(forms.Form):
    why = why(gettext_lazy("Why it may change again"))


class ReadingForm(forms.Form):
    verdict = forms.ChoiceField(choices=RowReading.Verdict.choices)
    note = forms.CharField(max_length=LONGEST, required=False)
    place = forms.IntegerField(min_value=1)


class AskForm(forms.Form):
    reason = why(gettext_lazy("What you need it for"), gettext_lazy("An owner or the dataset’s maker reads it and decides."))


class DecideForm(forms.Form):
    person = forms.CharField(
        label=gettext_lazy("Person"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Write the name that the person signs in with.")},
        help_text=gettext_lazy("The name that the person signs in with."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
        choices=[
            (SplitAccess.Kind.APPROVED.value, gettext_lazy("may download it")),
            (SplitAccess.Kind.REFUSED.value, gettext_lazy("request refused")),
            (SplitAccess.Kind.REVOKED.value, gettext_lazy("may no longer")),
        ],
    )
    reason = why(gettext_lazy("Reason"))


class LinkForm(forms.Form):
    file = forms.ChoiceField(label=gettext_lazy("File"), choices=[])
    for_whom = forms.CharField(
        max_length=120,
        label=gettext_lazy("For whom"),
        error_messages={"required": gettext_lazy("Say for whom the link is.")},
        help_text=gettext_lazy("Stands in the ledger of downloads."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=7,
        help_text=format_lazy(gettext_lazy("At most {most_days}."), most_days=MOST_DAYS),
    )

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
        label=gettext_lazy("Tokenizer"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("root/folder, as for policies: its chat template is applied, and tokens are counted. Empty: texts alone."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    max_length = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=10**7,
        label=gettext_lazy("Most tokens"),
        help_text=gettext_lazy("What the trainer takes of a row; TRL takes 1,024."),
    )


class FlagForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Flag"), choices=kinds_of_flag)
    position = forms.IntegerField(
        required=False, min_value=1, label=gettext_lazy("Row"), help_text=gettext_lazy("Its number; empty: all rows of this version with this flag.")
    )
    leave_out = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
        choices=[("no", gettext_lazy("fine as it is")), ("yes", gettext_lazy("such rows stay out of later versions"))],
    )
    reason = why(gettext_lazy("Reason"))

    def __init__(self, *args: Any, found: Iterable[str] = (), **kwargs: Any) -> None:
        """`found`: the kinds that are offered; every one, where none is named."""
        super().__init__(*args, **kwargs)
        if offered := set(found):
            self.fields["kind"].choices = [choice for choice in kinds_of_flag() if choice[0] in offered]  # type: ignore[attr-defined]
