"""The shape of what researchers send: a campaign, its settings, a file of pairs, a rubric."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.wording import told
from labeling import campaigning, wording
from labeling.asks import MOST_CRITERIA, labels_in, worded_criteria, worded_reasons
from labeling.forms import check_kept_whole
from labeling.forms_settings import ORDERS, OVERLAP_HELP
from labeling.keys import Clash
from labeling.models import Campaign, RubricVersion
from policies.jsonl import in_units
from policies.models import GenerationRun

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


MAX_BODY = 64 * 1024
"""What is longer would be shown cut."""


def slug_field(help_text: _StrOrPromise) -> forms.SlugField:
    return forms.SlugField(
        label=gettext_lazy("Slug"),
        max_length=80,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class RubricVersionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # takes no argument at run time
    def label_from_instance(self, version: RubricVersion) -> str:
        return _("{title}, version {number}").format(title=version.rubric.title, number=version.number)


class RunField(forms.ModelChoiceField):  # type: ignore[type-arg]  # takes no argument at run time
    def label_from_instance(self, run: GenerationRun) -> str:
        return _("Run {pk}: {name} and {name2} on {name3}").format(pk=run.pk, name=run.policy_a.name, name2=run.policy_b.name, name3=run.prompt_set.name)


class NewCampaignForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("What labelers see, too. It may change."))
    slug = slug_field(gettext_lazy("Stands in the campaign’s address and in commands; it never changes. Letters, digits, hyphens and underscores."))
    rubric_version = RubricVersionField(
        RubricVersion.objects.select_related("rubric").order_by("rubric__title", "-number"),
        label=gettext_lazy("Rubric"),
        required=False,
        empty_label=gettext_lazy("Everyday helpfulness, which comes with Tiebreak"),
        help_text=gettext_lazy("What good means here. Every label carries the version it was made under."),
    )
    overlap = forms.IntegerField(label="k", initial=campaigning.USUAL_OVERLAP, min_value=1, max_value=campaigning.MOST_OVERLAP, help_text=OVERLAP_HELP)
    strategy = forms.ChoiceField(
        label=gettext_lazy("Order"),
        choices=list(ORDERS.items()),
        widget=forms.RadioSelect,
        initial=Campaign.Strategy.FINISH,
        help_text=gettext_lazy("This and k may change at any time, and so may the rest, which begins as is usual."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rubrics = self.fields["rubric_version"]
        if usual := RubricVersion.objects.filter(rubric__name=wording.DEFAULT_NAME).order_by("-number").first():
            rubrics.required, rubrics.initial, rubrics.empty_label = True, usual.pk, None  # type: ignore[attr-defined]


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=Campaign.State.choices)


class AttachRunForm(forms.Form):
    run = RunField(
        GenerationRun.objects.none(),
        label=gettext_lazy("Generation run"),
        empty_label=gettext_lazy("choose a run"),
        help_text=gettext_lazy("Its responses become pairs here, now and as more come in."),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        runs = GenerationRun.objects.exclude(campaigns=campaign).select_related("policy_a", "policy_b", "prompt_set")
        self.fields["run"].queryset = runs.order_by("-pk")  # type: ignore[attr-defined]


class ImportPairsForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("Pairs, JSON Lines"), help_text=gettext_lazy("One object a line, as shown beside."), allow_empty_file=True)
    register = forms.BooleanField(
        label=gettext_lazy("Register what the file names"),
        required=False,
        help_text=gettext_lazy("Policies and external labelers that nobody has registered. Else their lines are bad."),
    )
    skip_bad = forms.BooleanField(
        label=gettext_lazy("Leave bad lines out"),
        required=False,
        help_text=gettext_lazy("Else nothing of a file with a bad line is stored. What is left out is listed either way."),
    )

    def __init__(self, *args: Any, may_register: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_register:
            del self.fields["register"]

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            most = in_units(settings.IMPORT_MAX_BYTES)
            raise forms.ValidationError(
                _("The file is {value} long; a page takes {most}. Use manage.py import_pairs for larger ones.").format(
                    value=in_units(file.size or 0), most=most
                )
            )
        return file


class ChipsField(forms.CharField):
    """Labels, one a line, as a rubric version stores them."""

    def __init__(self, worded: Callable[[list[str]], list[dict[str, str]]], **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 6}), **kwargs)
        self.worded = worded

    def clean(self, value: Any) -> Any:
        try:
            return self.worded(labels_in(check_kept_whole(super().clean(value))))
        except Clash as error:
            raise forms.ValidationError(told(error)) from error

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(chip["label"] for chip in value) if isinstance(value, list) else value


class WordingForm(forms.Form):
    body = forms.CharField(
        label=gettext_lazy("Wording"),
        max_length=MAX_BODY,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=gettext_lazy("Markdown. Labelers have it beside every pair. Once stored it never changes; a better wording is the next version."),
    )

    reasons = ChipsField(
        worded_reasons,
        label=gettext_lazy("Reasons"),
        help_text=gettext_lazy("What labelers may tick as reasons, one a line; each gets a letter as its key. Empty: none."),
    )
    criteria = ChipsField(
        worded_criteria,
        label=gettext_lazy("Criteria"),
        help_text=format_lazy(
            gettext_lazy("What they judge one by one besides the whole, one a line, {most_criteria} at most. Each asks for a choice of its own at each pair."),
            most_criteria=MOST_CRITERIA,
        ),
    )

    def clean_body(self) -> str:
        """Browsers send line ends as CR LF; a wording is the same from a browser, a program and a file."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")


class NewRubricForm(WordingForm):
    field_order = ("title", "name", "body")

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    name = slug_field(gettext_lazy("Stands in the rubric’s address and in commands; it never changes. Letters, digits, hyphens and underscores."))

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name in wording.RESERVED_NAMES:
            raise forms.ValidationError(_("{name} is a word of the addresses here. Choose another name.").format(name=repr(name)))
        return name


class NewVersionForm(WordingForm):
    change_note = forms.CharField(
        max_length=300, required=False, label=gettext_lazy("What changed"), help_text=gettext_lazy("A sentence for those who know the version before.")
    )
