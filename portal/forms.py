"""Forms of the customers' door."""

from typing import Any

from allauth.account.forms import LoginForm


class PortalLoginForm(LoginForm):
    """allauth's log-in in our words; the way to a new password stands below the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or e-mail"
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
