"""Forms of the acts on messages and logins."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from customers.models import PortalLogin
from ispbilling.core.forms import Form


class LoginChoice(forms.ModelChoiceField):
    """A portal login with the address its mail goes to."""

    def label_from_instance(self, obj: PortalLogin) -> str:
        return f"{obj.user.username}, {obj.user.email or 'no e-mail address'}"


class LoginForm(Form):
    """Which of the customer's logins is meant; the primary one unless said otherwise."""

    login = LoginChoice(PortalLogin.objects.none(), label="Portal login", empty_label=None)

    def __init__(self, *args: Any, logins: QuerySet[PortalLogin], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].queryset = logins  # type: ignore[attr-defined]
        self.initial.setdefault("login", logins.first())
