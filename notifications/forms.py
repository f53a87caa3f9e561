"""Forms of the acts on messages and logins."""

from typing import Any

from django import forms

from customers.models import PortalLogin
from ispbilling.core.forms import Form


class LoginForm(Form):
    """Which of the customer's logins is meant; the primary one unless said otherwise."""

    login = forms.ModelChoiceField(PortalLogin.objects.none(), label="Portal login", empty_label=None)

    def __init__(self, *args: Any, logins: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["login"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = logins
        field.label_from_instance = lambda login: (  # type: ignore[method-assign]
            f"{login.user.username}, {login.user.email or 'no e-mail address'}"
        )
        self.initial.setdefault("login", logins.first())
