"""The form of a NAS, and the input for secrets that can be generated."""

from typing import Any, ClassVar

from django import forms

from ispbilling.core.forms import ModelForm
from radius.nas.models import Nas
from radius.nas.secrets import generate_secret


class GeneratedInput(forms.TextInput):
    """A secret in clear while it is being set, with Generate and Copy beside it."""

    template_name = "radius/generated_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        off = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        super().__init__({**off, **(attrs or {})})


class NasForm(ModelForm):
    """A device that may ask us. Its secret can be set, never read."""

    secret = forms.CharField(
        widget=GeneratedInput(),
        min_length=8,
        max_length=64,
        help_text="The RADIUS shared secret; the router needs the same one. It is not shown again.",
    )

    class Meta:
        model = Nas
        fields = (
            "name",
            "address",
            "kind",
            "secret",
            "message_authenticator",
            "coa_port",
            "high_site",
            "enabled",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "message_authenticator": "Without it, replies can be forged on their way (CVE-2024-3596, BlastRADIUS). "
            "The first choice lets an old router in until it has signed once",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["secret"].required = False
            self.fields["secret"].help_text = "Empty: keep the present one, which is not shown."
            self.initial["secret"] = ""
        else:
            self.initial.setdefault("secret", generate_secret())

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        if any(not " " < letter <= "~" for letter in secret):
            raise forms.ValidationError("Use letters, digits and signs of the keyboard, without spaces.")
        return secret
