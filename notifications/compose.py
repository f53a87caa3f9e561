"""Turns a kind and its variables into the words of a message. A missing variable is an error, never a
blank."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Template

from notifications.errors import MissingVariable
from notifications.kinds import COMMON, Kind
from notifications.models import Channel


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says; an SMS has text only."""

    text: str
    subject: str = ""
    html: str = ""


class _Missing(str):
    """Django's `string_if_invalid` that refuses instead of printing nothing."""

    __slots__ = ()

    def __mod__(self, variable: Any) -> str:
        raise MissingVariable(f"{variable} is not a variable of this message")


@cache
def _template(name: str) -> Template:
    engine = Engine(
        dirs=[str(settings.BASE_DIR / "templates" / "mail")],
        string_if_invalid=_Missing("%s"),
        loaders=[
            (
                "django.template.loaders.cached.Loader",
                ["django.template.loaders.filesystem.Loader"],
            )
        ],
    )
    return engine.get_template(name)


def _render(name: str, variables: Mapping[str, Any], html: bool = False) -> str:
    return str(_template(name).render(Context(dict(variables), autoescape=html)))


def compose(kind: Kind, channel: str, variables: Mapping[str, Any]) -> Words:
    """The words of a message. Raises MissingVariable when kind, variables and template do not agree."""
    expected = {*COMMON, *kind.sample}
    if missing := expected - set(variables):
        raise MissingVariable(f"{kind.name} was composed without {', '.join(sorted(missing))}")
    if channel == Channel.SMS:
        return Words(text=" ".join(_render(f"{kind.name}.sms.txt", variables).split()))
    subject = " ".join(_render(f"{kind.name}.subject.txt", variables).split())
    return Words(
        text=_render(f"{kind.name}.txt", variables).strip() + "\n",
        subject=subject[:200],
        html=_render(f"{kind.name}.html", variables, html=True),
    )
