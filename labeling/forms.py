"""The shape of what labelers and adjudicators send."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

from django import forms

from labeling.models import Adjudication, Skip

STEPS = [("-3", "left much better"), ("-2", "left better"), ("-1", "left slightly better"), ("0", "tie")]
STEPS += [("1", "right slightly better"), ("2", "right better"), ("3", "right much better"), ("both-bad", "both bad")]
IN_WORDS = dict(STEPS) | {"none": "no right answer"}


def check_kept_whole(text: str) -> str:
    """Refuse what PostgreSQL cannot keep, instead of changing it. Raises ValidationError."""
    if "\x00" in text:
        raise forms.ValidationError("The text holds a NUL character, which cannot be stored. Remove it and send again.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise forms.ValidationError("The text holds half a character (a lone surrogate). Remove it and send again.") from error
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


class LabelForm(forms.Form):
    choice = forms.ChoiceField(choices=STEPS, error_messages={"required": "choose first, 1 to 7, or 0 for both bad."})
    rationale = forms.CharField(required=False, max_length=4000, strip=False)
    submission_key = forms.UUIDField(error_messages={"required": "the form is incomplete; reload the page."})
    active_seconds = ActiveSecondsField()

    def __init__(self, *args: Any, rationale_required: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rationale"].required = rationale_required
        self.fields["rationale"].error_messages["required"] = "this campaign asks for a rationale; press N and write one."

    def clean_rationale(self) -> str:
        return check_kept_whole(self.cleaned_data["rationale"])

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    @property
    def said(self) -> dict[str, Any]:
        """What there is of it, by the names of the fields, as JSON holds it."""
        said = {name: str(value) if isinstance(value, UUID) else value for name, value in self.cleaned_data.items()}
        return {name: value for name, value in said.items() if value not in (None, "", [], {})}


class SkipForm(forms.Form):
    reason = forms.ChoiceField(choices=Skip.Reason.choices)
    note = forms.CharField(required=False, max_length=1000)

    def clean_note(self) -> str:
        return check_kept_whole(self.cleaned_data["note"])


class AdjudicationForm(forms.Form):
    choice = forms.ChoiceField(
        choices=[*STEPS, ("none", "no right answer")], error_messages={"required": "choose first, 1 to 7, 0 for both bad, or 9 for no right answer."}
    )
    reason_class = forms.ChoiceField(choices=Adjudication.ReasonClass.choices, error_messages={"required": "say of what class the reason is."})
    reason = forms.CharField(max_length=4000, error_messages={"required": "write the reason; press N."})
    submission_key = forms.UUIDField(error_messages={"required": "the form is incomplete; reload the page."})

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
