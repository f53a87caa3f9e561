"""The form of what a closed gate means."""

from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.db import models

from ispbilling.core.forms import Pair, SeenForm
from radius.catalogue.fields import SpeedField
from radius.degrading.models import AccessAction, AccessKind


class AccessActionForm(SeenForm):
    """What lines get instead of a reject."""

    layout = Layout("kind", Pair("address_list", "pool"), Pair("down_kbps", "up_kbps"), "redirect_url")
    down_kbps = SpeedField(label="Speed down", required=False, help_text="Mb/s; a throttle needs it")
    up_kbps = SpeedField(label="Speed up", required=False, help_text="Mb/s; empty in a garden: their own")
    redirect_url = AccessAction._meta.get_field("redirect_url").formfield(assume_scheme="https")

    class Meta:
        model = AccessAction
        fields = ("kind", "address_list", "pool", "down_kbps", "up_kbps", "redirect_url")
        widgets: ClassVar[dict[str, Any]] = {"kind": forms.RadioSelect()}

    def watched(self) -> models.Model:
        """The row as it is stored by now: there is none before the first choice."""
        return AccessAction.objects.filter(code=self.instance.code).first() or self.instance

    def clean(self) -> Any:
        given = super().clean() or self.cleaned_data
        if given.get("kind") == AccessKind.THROTTLE:
            given["address_list"], given["pool"], given["redirect_url"] = "", "", ""
        return given
