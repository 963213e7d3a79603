"""The shape of what researchers say of gold."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from labeling.forms import check_kept_whole
from labeling.models import GoldItem, Pair

MOST_WHY = 4000
WHY_HELP = gettext_lazy(
    "Labelers who practise read it beside the right answer. They see the two sides in an order drawn for them: name neither A nor B, left nor right."
)
USE_HELP = gettext_lazy("What checks work should be known to nobody: items for practice alone are used up first.")


DIFFICULTIES = [("easy", gettext_lazy("Easy")), ("medium", gettext_lazy("Medium")), ("hard", gettext_lazy("Hard"))]


class WhyField(forms.CharField):
    widget = forms.Textarea(attrs={"rows": 3})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Why"), max_length=MOST_WHY, help_text=WHY_HELP, **kwargs)

    def clean(self, value: Any) -> Any:
        return check_kept_whole(super().clean(value))


class GoldForm(forms.Form):
    """What a version of an item says."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict"),
        choices=[("a", gettext_lazy("A is better")), ("b", gettext_lazy("B is better")), ("tie", gettext_lazy("It is a tie"))],
        widget=forms.RadioSelect,
    )
    why = WhyField()
    allowed_use = forms.ChoiceField(
        label=gettext_lazy("Use"),
        choices=[
            ("both", gettext_lazy("Practice, and checks among work")),
            ("check", gettext_lazy("Checks among work alone")),
            ("practice", gettext_lazy("Practice alone")),
        ],
        initial=GoldItem.Use.BOTH,
        widget=forms.RadioSelect,
        help_text=USE_HELP,
    )
    difficulty = forms.ChoiceField(label=gettext_lazy("Difficulty"), choices=DIFFICULTIES, initial=GoldItem.Difficulty.EASY, widget=forms.RadioSelect)
    refresh_on = forms.DateField(
        label=gettext_lazy("Look again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("When somebody should look whether it still holds. It stays in use meanwhile."),
    )

    @classmethod
    def of(cls, item: GoldItem) -> GoldForm:
        return cls(initial={name: getattr(item, name) for name in ("verdict", "why", "allowed_use", "difficulty", "refresh_on")})


class MakeGoldForm(GoldForm):
    """The same of a pair that is not gold yet."""

    pair = forms.ModelChoiceField(queryset=Pair.objects.none(), widget=forms.HiddenInput)

    field_order = ["pair", *GoldForm.base_fields]

    def __init__(self, *args: Any, pairs: QuerySet[Pair], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pair"].queryset = pairs  # type: ignore[attr-defined]


class PromoteForm(forms.Form):
    pair = forms.ModelChoiceField(queryset=Pair.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, pairs: QuerySet[Pair], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pair"].queryset = pairs  # type: ignore[attr-defined]
