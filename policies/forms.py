"""The shape of what researchers send: a file of prompts, a policy, a run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies import sources
from policies.engines import base
from policies.jsonl import in_units
from policies.models import Policy, PromptSet

Choices = list[tuple[str, str]]


def sentence(reason: object) -> str:
    """A reason from a stage, as a page says it; a file's name at its start stays as it is."""
    first, space, rest = str(reason).partition(" ")
    return f"{first.capitalize() if first.removesuffix(':').isalpha() else first}{space}{rest}."


class ImportPromptsForm(forms.Form):
    prompt_set = forms.SlugField(
        label=gettext_lazy("Prompt set"),
        max_length=80,
        help_text=gettext_lazy("The name of a set that is there, or of a new one: letters, digits, hyphens, underscores."),
        widget=forms.TextInput(attrs={"list": "set-names", "autocomplete": "off"}),
    )
    file = forms.FileField(label=gettext_lazy("Prompts, JSON Lines"), help_text=gettext_lazy("One object a line."), allow_empty_file=True)
    skip_bad = forms.BooleanField(
        label=gettext_lazy("Leave bad lines out"),
        required=False,
        help_text=gettext_lazy("Else nothing of a file with a bad line is stored. What is left out is listed either way."),
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            most = in_units(settings.IMPORT_MAX_BYTES)
            raise forms.ValidationError(
                _("The file is {value} long; a page takes {most}. Use manage.py import_prompts for larger ones.").format(
                    value=in_units(file.size or 0), most=most
                )
            )
        return file


class RegisterPolicyForm(forms.Form):
    """Says where the weights are, and how the policy is asked. The page lists what the settings allow; nothing else is dialled or loaded."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("It never changes, and stands beside every response."))
    source = forms.ChoiceField(label=gettext_lazy("Model"))
    endpoint_model = forms.CharField(
        label=gettext_lazy("Model at the endpoint"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For an endpoint: the model’s name there, as in meta-llama/Llama-3.1-8B-Instruct."),
    )
    system_prompt = forms.CharField(
        label=gettext_lazy("System prompt"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Goes to the model before every prompt; it never becomes part of x."),
    )
    temperature = forms.FloatField(
        label=gettext_lazy("Temperature"),
        initial=1.0,
        min_value=0,
        max_value=base.MAX_TEMPERATURE,
        help_text=gettext_lazy("0 takes the likeliest token every time."),
    )
    top_p = forms.FloatField(label=gettext_lazy("Top-p"), initial=1.0, min_value=0, max_value=1)
    top_k = forms.IntegerField(label=gettext_lazy("Top-k"), initial=0, min_value=0, help_text=gettext_lazy("0: every token may be drawn."))
    max_new_tokens = forms.IntegerField(label=gettext_lazy("Length, in tokens at the most"), initial=256, min_value=1, max_value=base.MAX_NEW_TOKENS)
    stop = forms.CharField(
        label=gettext_lazy("Stop texts"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line. A response ends before the first of them."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)  # noqa: S101 - for the type checker
        source.choices = source_choices()
        if not settings.OPENAI_ENDPOINTS:
            del self.fields["endpoint_model"]

    def sampling(self) -> dict[str, Any]:
        """Return the sampling as the form says it; whether it makes sense is the engine's to say."""
        said = self.cleaned_data
        stops = [text.removesuffix("\r") for text in said["stop"].split("\n")]
        return {name: said[name] for name in ("temperature", "top_p", "top_k", "max_new_tokens")} | {"stop": [text for text in stops if text]}

    def engine(self) -> str:
        return str(self.cleaned_data["source"]).partition(":")[0]

    def full_source(self) -> str:
        """Return `root/folder`, or `endpoint/model`."""
        source = str(self.cleaned_data["source"]).partition(":")[2]
        return source if self.engine() == Policy.Engine.HF else f"{source}/{self.cleaned_data.get('endpoint_model', '').strip()}"


def source_choices() -> list[tuple[str, Choices]]:
    """Return folders and endpoints that the settings allow, in groups."""
    folders = [(f"{Policy.Engine.HF}:{source}", source) for source in sources.model_folders()]
    endpoints = [(f"{Policy.Engine.OPENAI}:{name}", name) for name in sorted(settings.OPENAI_ENDPOINTS)]
    return [(name, group) for name, group in ((_("Folders under the model roots"), folders), (_("Endpoints"), endpoints)) if group]


class PolicyChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # it cannot be subscripted when it runs
    def label_from_instance(self, policy: Policy) -> str:
        return f"{policy.name} · {policy.source or policy.engine}"


def random_seed() -> int:
    return int(get_random_string(8, "123456789"))


class StartRunForm(forms.Form):
    prompt_set = forms.ModelChoiceField(PromptSet.objects.order_by("name"), label=gettext_lazy("Prompt set"), empty_label=None, to_field_name="name")
    policy_a = PolicyChoiceField(Policy.objects.none(), label=gettext_lazy("First policy"), empty_label=None, help_text=gettext_lazy("Its responses become A."))
    policy_b = PolicyChoiceField(
        Policy.objects.none(), label=gettext_lazy("Second policy"), empty_label=None, help_text=gettext_lazy("The same one again asks it twice.")
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=2**63 - 1,
        initial=random_seed,
        help_text=gettext_lazy("With the same seed a folder’s policy draws from the same noise again."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        askable = Policy.objects.askable().order_by("-pk")
        for name in ("policy_a", "policy_b"):
            field = self.fields[name]
            assert isinstance(field, PolicyChoiceField)  # noqa: S101 - for the type checker
            field.queryset = askable
        newest = list(askable.values_list("pk", flat=True)[:2])
        self.initial = {**self.initial, **dict(zip(("policy_b", "policy_a"), newest, strict=False))}  # two different ones, where there are two
