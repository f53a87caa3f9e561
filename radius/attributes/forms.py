"""The form of an attribute of replies."""

from typing import Any, ClassVar

from django import forms
from django.db import models

from ispbilling.core.forms import SeenForm
from radius.attributes import checking
from radius.attributes.models import ReplyAttribute
from radius.wire import attributes as wire


class AttributeNameInput(forms.TextInput):
    """A name that the browser completes from the dictionary."""

    template_name = "radius/attribute_name_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        listed = f"{(attrs or {}).get('id', name)}-names"
        off = {"list": listed, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        return super().get_context(name, value, {**(attrs or {}), **off}) | {
            "listed": listed,
            "names": checking.names(),
        }


class ReplyAttributeForm(SeenForm):
    """A name of the dictionaries and a value that can be sent under it."""

    class Meta:
        model = ReplyAttribute
        fields = ("name", "value")
        widgets: ClassVar[dict[str, Any]] = {"name": AttributeNameInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "name": "As the dictionaries write it: Idle-Timeout, Framed-Route, Mikrotik-Address-List",
            "value": "Sent as it is, in the place of what would be sent by that name",
        }

    def watched(self) -> models.Model | None:
        """What is done to an attribute is told of its owner."""
        return self.instance.owner if self.instance.pk is not None else None

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"].strip()
        name = wire.known(typed)
        if name is None:
            raise forms.ValidationError(
                f"No dictionary has an attribute {typed}; choose one of the names that appear while you type."
            )
        if because := checking.refused_name(name):
            raise forms.ValidationError(f"{name} cannot be added here. {because}")
        return name

    def clean(self) -> Any:
        given = super().clean() or self.cleaned_data
        name, value = given.get("name"), given.get("value")
        if name and value:
            there = self.instance.owner.attributes.filter(name=name, value=value).exclude(pk=self.instance.pk)
            because = checking.refused_value(name, value) or (
                "It is there already." if there.exists() else ""
            )
            if because:
                self.add_error("value", because)
        return given
