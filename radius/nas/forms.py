"""The form of a NAS, and the input for secrets that can be generated."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings

from ispbilling.core.forms import SeenForm
from radius.nas import certificates
from radius.nas.models import Nas
from radius.nas.secrets import generate_secret


class GeneratedInput(forms.TextInput):
    """A secret in clear while it is being set, with Generate and Copy beside it."""

    template_name = "radius/generated_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        off = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        super().__init__({**off, **(attrs or {})})


class NasForm(SeenForm):
    """A device that may ask us. Its secret can be set, never read."""

    secret = forms.CharField(
        widget=GeneratedInput(),
        min_length=8,
        max_length=64,
        help_text="The RADIUS shared secret; the router needs the same one. It is not shown again.",
    )

    certificate = forms.CharField(
        label="RadSec certificate",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "font-monospace"}),
        help_text="For RADIUS over TLS: what the router shows, in PEM. On RouterOS: /certificate "
        "export-certificate NAME, then paste the .crt file",
    )

    # Not a field of the model's: the stored one is never read into a form.
    field_order = ("name", "address", "kind", "secret", "message_authenticator", "certificate")

    class Meta:
        model = Nas
        fields = (
            "name",
            "address",
            "kind",
            "message_authenticator",
            "certificate",
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
            self.initial["secret"] = self.initial.get("secret") or generate_secret()

    def clean_address(self) -> str | None:
        return self.cleaned_data["address"] or None

    def clean_certificate(self) -> str:
        text: str = self.cleaned_data["certificate"]
        if not text:
            return ""
        try:
            known = certificates.read(text)
        except certificates.CertificateError as error:
            raise forms.ValidationError(str(error)) from None
        if not known.pem and not settings.RADIUS_RADSEC_CA:
            raise forms.ValidationError(
                "A fingerprint alone proves nothing here, for RADIUS_RADSEC_CA is not set: paste the certificate."
            )
        if Nas.objects.filter(fingerprint=known.fingerprint).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another NAS has this certificate.")
        return known.pem or known.fingerprint

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not found["address"] and not found["certificate"]:
            self.add_error("address", "Give its address, its certificate or both.")
        return found

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        if any(not " " < letter <= "~" for letter in secret):
            raise forms.ValidationError("Use letters, digits and signs of the keyboard, without spaces.")
        if self.instance.pk is None:
            self.instance.secret = secret
        return secret
