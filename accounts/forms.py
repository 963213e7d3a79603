"""The shape of what people send about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.validators import MaxLengthValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.issuing import MOST_DAYS, scopes_of
from accounts.models import ApiToken, User

LONGEST_NAME = 40
REPEAT = gettext_lazy("Once more, so that a slip does not lock you out.")
MAY = {
    ApiToken.Scope.LABEL: gettext_lazy("label: ask for pairs and answer them"),
    ApiToken.Scope.READ: gettext_lazy("read: campaigns, figures, policies, dataset versions"),
    ApiToken.Scope.WRITE: gettext_lazy("write: import, register, start runs, change campaigns, freeze"),
    ApiToken.Scope.DOWNLOAD: gettext_lazy("download: fetch files of dataset versions, and nothing else"),
}


UNKNOWN = gettext_lazy("No account has this name and this password. Upper and lower case matter in both.")
NOT_THE_SAME = gettext_lazy("The two are not the same.")


class SignInForm(AuthenticationForm):
    error_messages = {"invalid_login": UNKNOWN, "inactive": UNKNOWN}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name")

    def confirm_login_allowed(self, user: User) -> None:
        """Names under which labels arrived from elsewhere do not sign in, whatever their password field holds."""
        super().confirm_login_allowed(user)
        if user.kind != User.Kind.PERSON:
            raise self.get_invalid_login_error()


class ChangePasswordForm(PasswordChangeForm):
    error_messages = {"password_mismatch": NOT_THE_SAME, "password_incorrect": gettext_lazy("That is not the password you have now.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("The password you have now")
        name_passwords(self, "new_password1", "new_password2")


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # generic in its stubs alone
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].widget.attrs["autofocus"] = True
        name_passwords(self, "new_password1", "new_password2")


class NewAccountForm(UserCreationForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """A name and a password for somebody who comes in."""

    error_messages = {"password_mismatch": NOT_THE_SAME}

    class Meta(UserCreationForm.Meta):
        model = User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label, name.help_text = _("Name"), _("What others see. At most {longest_name} letters, digits and @ . + - _").format(longest_name=LONGEST_NAME)
        name.widget.attrs["maxlength"] = LONGEST_NAME
        name.validators.append(MaxLengthValidator(LONGEST_NAME))
        name_passwords(self, "password1", "password2")

    def clean_username(self) -> str:
        """Refuse a name that differs from another one in case alone: people would take one for the other."""
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("Somebody has this name already. Choose another one."))
        return name


def name_passwords(form: forms.BaseForm, first: str, second: str) -> None:
    """Say in one voice what a new password must be."""
    form.fields[first].label, form.fields[first].help_text = _("New password"), password_validators_help_text_html()
    form.fields[second].label, form.fields[second].help_text = _("New password again"), REPEAT


class TokenForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("What it is for, so that you know which one to revoke."))
    scopes = forms.MultipleChoiceField(label=gettext_lazy("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=90,
        help_text=format_lazy(gettext_lazy("At most {most_days}."), most_days=MOST_DAYS),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(scope.value, MAY[scope]) for scope in scopes_of(user)]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [choices[0][0]] if len(choices) == 1 else []
