"""Where the preferences are edited: as tabs of the provider's settings."""

from typing import Any

from customers.preferences.forms import CodesForm, MapsForm
from customers.preferences.models import Preferences
from ispbilling.core import clock, events
from ispbilling.core.models import User
from ispbilling.core.parts import Tab


def instance(_: Any) -> Preferences:
    """The row the tabs edit, whatever the page is about."""
    return Preferences.get()


def save(form: Any, _: Any, actor: User) -> None:
    """Store a tab and record what it changed."""
    old = Preferences.get()
    names = [name for name in form.changed_data if name != "key"]
    changed = events.changes(
        {name: getattr(old, name) for name in names}, {name: form.cleaned_data[name] for name in names}
    )
    if form.cleaned_data.get("key"):
        changed["geocoder_key"] = ["(hidden)", "(hidden)"]
    form.save()
    if changed:
        events.record("preferences.edited", form.instance, actor=actor, at=clock.now(), changes=changed)


TABS = (
    Tab("codes", "Account Codes", CodesForm, weight=110, instance=instance, save=save),
    Tab("maps", "Maps", MapsForm, weight=120, instance=instance, save=save),
)
