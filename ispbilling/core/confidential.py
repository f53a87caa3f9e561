"""Lists of personal data: whoever takes one out is told what it is and says what for (LST-10).

`ListPage.confidential` names what such a list holds. The answer is remembered in the session, per list, and
asked for again after an hour; it is recorded with every export.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest

from ispbilling.core.forms import Form

ASK_AGAIN = timedelta(hours=1)
#: What each format is called on the button.
LABELS = {"csv": "Export CSV", "xlsx": "Export Excel", "copy": "Copy to Clipboard"}
_KEY = "confidential"


class PurposeForm(Form):
    """What the person who takes personal data out has to say."""

    purpose = forms.CharField(
        label="What it is for", max_length=200, help_text="For example: statements to the auditor, by e-mail"
    )
    understood = forms.BooleanField(
        label="I have read this and will keep the data confidential",
        error_messages={"required": "Confirm this to go on, or close."},
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """What the templates of an act show for an export: its subject and its button."""

    title: str
    what: str
    submit_label: str
    submit_icon: ClassVar[str] = "download"
    danger: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.what


def sentences(holds: str, columns: list[str], conditions: list[str]) -> list[str]:
    """The notice itself."""
    return [
        f"It contains {holds}: personal data, which the law protects.",
        f"Columns: {', '.join(columns)}." + (f" Narrowed to {'; '.join(conditions)}." if conditions else ""),
        "Use it for the purpose you name and nothing else; do not pass it on; delete it when you are done.",
        "Your name, the time, the purpose, what the list was narrowed to and the number of rows are recorded.",
    ]


def purpose(request: HttpRequest, name: str, now: datetime) -> str:
    """The purpose named for this list within the last hour; empty when it has to be asked for."""
    words, until = request.session.get(_KEY, {}).get(name, ("", ""))
    return str(words) if until and now < datetime.fromisoformat(until) else ""


def remember(request: HttpRequest, name: str, words: str, now: datetime) -> None:
    """Keep the purpose for this list and this session."""
    known: dict[str, Any] = request.session.get(_KEY, {})
    request.session[_KEY] = {**known, name: (words, (now + ASK_AGAIN).isoformat())}
