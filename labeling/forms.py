"""The shape of what labelers and adjudicators send."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.marking import marked
from accounts.wording import told
from labeling.asks import NOTHING_MORE, Asks, Chip
from labeling.models import Adjudication, Report, Skip
from labeling.spans import BadMark, Mark, marks_of

STEPS = [("-3", marked("left much better")), ("-2", marked("left better")), ("-1", marked("left slightly better")), ("0", marked("tie"))]
STEPS += [("1", marked("right slightly better")), ("2", marked("right better")), ("3", marked("right much better")), ("both-bad", marked("both bad"))]
IN_WORDS = dict(STEPS) | {"none": marked("no right answer")}


def check_kept_whole(text: str) -> str:
    """Refuse what PostgreSQL cannot keep, instead of changing it. Raises ValidationError."""
    if "\x00" in text:
        raise forms.ValidationError(_("The text holds a NUL character, which cannot be stored. Remove it and send again."))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise forms.ValidationError(_("The text holds half a character (a lone surrogate). Remove it and send again.")) from error
    return text


class ActiveSecondsField(forms.Field):
    """The seconds that a page counted. Nobody's judgment is refused for them: what is no such number is not known."""

    LONGEST = 24 * 60 * 60.0

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> float | None:
        try:
            seconds = float(value)
        except (TypeError, ValueError):
            return None
        return seconds if math.isfinite(seconds) and 0 <= seconds <= self.LONGEST else None


class ReasonsField(forms.MultipleChoiceField):
    """Keys of reasons, each once, in the order in which the rubric has them."""

    def __init__(self, reasons: Iterable[Chip]) -> None:
        self.named = [(reason.key, reason.label) for reason in reasons]
        super().__init__(choices=self.named, required=False)

    def clean(self, value: Any) -> list[str]:
        ticked = super().clean(value)
        return [key for key, _ in self.named if key in ticked]


class EvidenceField(forms.CharField):
    """Marks on the texts of a pair, as JSON."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=200_000, strip=False)

    def clean(self, value: Any) -> str:
        sent = check_kept_whole(super().clean(value))
        try:
            marks_of(sent)
        except BadMark as error:
            raise forms.ValidationError(told(error)) from error
        return sent


@lru_cache(maxsize=256)
def fields_of(asks: Asks, *, is_finished: bool, rationale_required: bool, language: str) -> dict[str, forms.Field]:
    """Return what is sent from the desk under a rubric version. Made once for each language, since no form changes any of it."""
    fields: dict[str, forms.Field] = {
        "choice": forms.ChoiceField(choices=STEPS, required=is_finished, error_messages={"required": _("choose first, 1 to 7, or 0 for both bad.")}),
        "rationale": forms.CharField(
            required=is_finished and rationale_required,
            max_length=4000,
            strip=False,
            error_messages={"required": _("this campaign asks for a rationale; press N and write one.")},
        ),
        "submission_key": forms.UUIDField(required=is_finished, error_messages={"required": _("the form is incomplete; reload the page.")}),
        "active_seconds": ActiveSecondsField(),
        "evidence": EvidenceField(),
        "reasons": ReasonsField(asks.reasons),
    }
    for criterion in asks.criteria:
        missing = {"required": _("judge “{criterion}”, too; press V.").format(criterion=criterion.label)}
        fields[name_of(criterion)] = forms.ChoiceField(choices=STEPS[:7], required=is_finished, error_messages=missing)
    return fields


class LabelForm(forms.Form):
    """What is sent from the desk, under one rubric version, which says what is asked for besides the choice."""

    is_finished = True

    def __init__(self, *args: Any, asks: Asks = NOTHING_MORE, rationale_required: bool = False, rationale_minimum: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asks, self.rationale_minimum = asks, rationale_minimum if self.is_finished else 0
        made = fields_of(asks, is_finished=self.is_finished, rationale_required=rationale_required, language=get_language() or "")
        self.fields = dict(made)

    def clean_rationale(self) -> str:
        rationale = check_kept_whole(self.cleaned_data["rationale"])
        if rationale.strip() and len(rationale.strip()) < self.rationale_minimum:
            raise forms.ValidationError(_("write at least {n} characters of rationale.").format(n=self.rationale_minimum))
        return rationale

    @property
    def criteria(self) -> dict[str, int]:
        """-3 to 3 by criterion, on the sides of the screen."""
        return {criterion.key: int(chosen) for criterion in self.asks.criteria if (chosen := self.cleaned_data[name_of(criterion)])}

    @property
    def marks(self) -> list[Mark]:
        return marks_of(self.cleaned_data["evidence"])

    @property
    def chosen_step(self) -> int:
        """-3 left much better to 3 right much better; both bad is a tie."""
        sent = self.cleaned_data["choice"]
        return 0 if sent == "both-bad" else int(sent)

    @property
    def both_bad(self) -> bool:
        return bool(self.cleaned_data["choice"] == "both-bad")


class DraftForm(LabelForm):
    """The same, not finished: nothing of it is asked for."""

    is_finished = False

    @property
    def said(self) -> dict[str, Any]:
        """What there is of it, as a card takes it back."""
        named = {name: self.cleaned_data[name] for name in ("choice", "rationale", "reasons", "evidence", "active_seconds")}
        said = named | {
            "criteria": {name: str(choice) for name, choice in self.criteria.items()},
            "submission_key": str(self.cleaned_data["submission_key"] or ""),
        }
        return {name: value for name, value in said.items() if value not in (None, "", [], {})}


def name_of(criterion: Chip) -> str:
    return f"criterion-{criterion.key}"


def said_in(sent: QueryDict) -> dict[str, Any]:
    """Return what was sent from the desk, right or not, as a card takes it back."""
    criteria = {name.removeprefix("criterion-"): str(choice) for name, choice in sent.items() if name.startswith("criterion-")}
    return sent.dict() | {"reasons": sent.getlist("reasons"), "criteria": criteria}


class SkipForm(forms.Form):
    reason = forms.ChoiceField(choices=Skip.Reason.choices)
    note = forms.CharField(required=False, max_length=1000)

    def clean_note(self) -> str:
        return check_kept_whole(self.cleaned_data["note"])


class ReportForm(forms.Form):
    kind = forms.ChoiceField(choices=Report.Kind.choices, error_messages={"required": gettext_lazy("say what it is.")})
    note = forms.CharField(required=False, max_length=1000)
    submission_key = forms.UUIDField()

    def clean_note(self) -> str:
        return check_kept_whole(self.cleaned_data["note"])


class WordsForm(forms.Form):
    """A question, or its answer."""

    text = forms.CharField(max_length=2000, error_messages={"required": gettext_lazy("write it first.")})
    submission_key = forms.UUIDField(required=False)

    def clean_text(self) -> str:
        return check_kept_whole(self.cleaned_data["text"])


class AdjudicationForm(forms.Form):
    choice = forms.ChoiceField(
        choices=[*STEPS, ("none", marked("no right answer"))],
        error_messages={"required": gettext_lazy("choose first, 1 to 7, 0 for both bad, or 9 for no right answer.")},
    )
    reason_class = forms.ChoiceField(choices=Adjudication.ReasonClass.choices, error_messages={"required": gettext_lazy("say of what class the reason is.")})
    reason = forms.CharField(max_length=4000, error_messages={"required": gettext_lazy("write the reason; press N.")})
    submission_key = forms.UUIDField(error_messages={"required": gettext_lazy("the form is incomplete; reload the page.")})

    def clean_reason(self) -> str:
        return check_kept_whole(self.cleaned_data["reason"])

    @property
    def chosen_step(self) -> int | None:
        """-3 left much better to 3 right much better, or None: no right answer."""
        sent = self.cleaned_data["choice"]
        return None if sent == "none" else 0 if sent == "both-bad" else int(sent)

    @property
    def both_bad(self) -> bool:
        return bool(self.cleaned_data["choice"] == "both-bad")
