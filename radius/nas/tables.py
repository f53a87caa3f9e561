"""The list of NASes."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html, format_html_join

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    CLIP,
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    Table,
    badge,
)
from radius.nas.judging import TITLES, Finding, worst
from radius.nas.models import MessageAuthenticator, Nas, NasPosture, Stranger


def actions(nas: Nas) -> list[Button]:
    edit = reverse("radius:nas_edit", args=[nas.pk])
    return [Button("Edit", edit, "pencil", permission="radius.nas.edit", modal=True)]


class PostureColumn(Column):
    """The lights of a NAS that ask for something; the table has them all in `findings`, by NAS."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"empty_values": (), "orderable": False, **extra})

    def render(self, record: Nas, table: Any) -> Any:
        asking = worst(table.findings.get(record.pk, []))
        if not asking:
            return badge("Well", "working") if record.enabled else ""
        words = ((badge(f"{one.title}: {one.word}", one.meaning),) for one in asking[:3])
        return format_html_join(" ", "{}", words)

    def value(self, record: Nas, table: Any) -> str:
        return "; ".join(f"{one.title}: {one.word}" for one in worst(table.findings.get(record.pk, [])))


class NasTable(Table):
    """The devices that may ask us."""

    findings: ClassVar[dict[int, list[Finding]]] = {}

    name = LinkColumn()
    address = Column(default="RadSec")
    kind = Column()
    high_site = Column(verbose_name="High Site", default="")
    open_sessions = CountColumn(verbose_name="Open Sessions")
    last_heard = DateTimeColumn(verbose_name="Last Session Update", default="never")
    message_authenticator = ChoiceColumn(
        {
            MessageAuthenticator.AUTO: "info",
            MessageAuthenticator.REQUIRE: "working",
            MessageAuthenticator.OBSERVE: "attention",
            MessageAuthenticator.OFF: "stopped",
        },
        verbose_name="Message-Authenticator",
    )
    posture = PostureColumn(verbose_name="Posture")
    coa_port = Column(verbose_name="CoA Port", default="default")
    enabled = Column(verbose_name="State")
    actions = ActionsColumn(actions)

    class Meta(Table.Meta):
        model = Nas
        fields = ()

    def render_message_authenticator(self, record: Nas) -> Any:
        if record.signed_since and record.message_authenticator == MessageAuthenticator.AUTO:
            return badge("Auto: required", "working")
        word = MessageAuthenticator(record.message_authenticator).name.title()
        column = self.base_columns["message_authenticator"]
        return badge(word, column.meanings.get(record.message_authenticator, "off"))

    def render_enabled(self, value: bool) -> Any:
        return badge("Enabled", "working") if value else badge("Disabled", "off")

    def value_enabled(self, value: bool) -> str:
        return "Enabled" if value else "Disabled"

    def row_off(self, record: Nas) -> bool:
        return not record.enabled


class NasColumn(Column):
    """The NAS of a row that outlives it: its name and link, or what is true of it where there is none."""

    def __init__(self, **extra: Any) -> None:
        defaults = {
            "accessor": "nas",
            "verbose_name": "NAS",
            "empty_values": (),
            "attrs": CLIP,
            "linkify": lambda record: record.nas.get_absolute_url() if record.nas else None,
        }
        super().__init__(**{**defaults, **extra})

    def render(self, record: Any) -> str:
        return str(record.nas or ("not recorded" if record.nas_id is None else "a NAS that is gone"))

    def value(self, record: Any) -> str:
        return self.render(record)


class LightColumn(Column):
    """One light; its advice on hover."""

    def __init__(self, aspect: str, **extra: Any) -> None:
        super().__init__(**{"empty_values": (), "orderable": False, "verbose_name": TITLES[aspect], **extra})
        self.aspect = aspect

    def found(self, record: Nas, table: Any) -> Finding:
        return next(one for one in table.findings[record.pk] if one.aspect == self.aspect)

    def render(self, record: Nas, table: Any) -> Any:
        one = self.found(record, table)
        return format_html('<span title="{}">{}</span>', one.advice, badge(one.word, one.meaning))

    def value(self, record: Nas, table: Any) -> str:
        return self.found(record, table).word


class PostureTable(Table):
    """One NAS a row, one light a column, and what to do."""

    findings: ClassVar[dict[int, list[Finding]]] = {}

    name = LinkColumn()
    address = Column()
    heard = LightColumn("Heard")
    signing = LightColumn("Signing")
    secret = LightColumn("Secret")
    dropped = LightColumn("Dropped")
    repeats = LightColumn("Repeats")
    clock = LightColumn("Clock")
    interims = LightColumn("Interims")
    counters = LightColumn("Counters")
    echo = LightColumn("Class")
    attributes = LightColumn("Attributes")
    advice = Column(empty_values=(), orderable=False, verbose_name="What to Do")

    default_columns = (
        "name", "heard", "signing", "secret", "dropped", "clock", "interims", "echo", "advice",
    )  # fmt: skip
    wide_columns = ("address", "repeats", "counters", "attributes")

    class Meta(Table.Meta):
        model = Nas
        fields = ()

    def render_advice(self, record: Nas) -> str:
        asking = worst(self.findings[record.pk])
        more = f" And {len(asking) - 1} more." if len(asking) > 1 else ""
        return f"{asking[0].advice}{more}" if asking else "Nothing."

    def value_advice(self, record: Nas) -> str:
        return " ".join(one.advice for one in worst(self.findings[record.pk]))

    def row_off(self, record: Nas) -> bool:
        return not record.enabled


class DayTable(Table):
    """What one NAS sent, day by day."""

    day = DateColumn(attrs={"td": {"class": "num text-nowrap"}})
    access = CountColumn(verbose_name="Log-in Requests")
    accounting = CountColumn(verbose_name="Accounting")
    unsigned = CountColumn(verbose_name="Unsigned")
    again = CountColumn(empty_values=(), verbose_name="Sent Again")
    drops = Column(verbose_name="Dropped")
    worst_skew = Column(verbose_name="Worst Clock", default="")

    class Meta(Table.Meta):
        model = NasPosture
        fields = ()

    def row_url(self, record: NasPosture) -> None:
        return None

    def render_again(self, record: NasPosture) -> str:
        again = record.duplicates + record.repeated
        return f"{again:,}" if again else ""

    def render_drops(self, value: dict[str, int]) -> str:
        kinds = sorted(value.items(), key=lambda one: -one[1])
        return ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in kinds)

    def render_worst_skew(self, value: int) -> str:
        return f"{value:+,} s"


def stranger_actions(stranger: Stranger) -> list[Button]:
    add = reverse("radius:nas_add") + "?" + urlencode({"address": stranger.address})
    return [Button("Add NAS", add, "plus", permission="radius.nas.edit", modal=True)]


class StrangerTable(Table):
    """Who sends us RADIUS without being known."""

    address = Column()
    known = Column(empty_values=(), verbose_name="Known As")
    packets = CountColumn(verbose_name="Packets")
    first_at = DateTimeColumn(verbose_name="First Seen")
    last_at = DateTimeColumn(verbose_name="Last Seen")
    actions = ActionsColumn(lambda stranger: [] if stranger.nas_name else stranger_actions(stranger))

    class Meta(Table.Meta):
        model = Stranger
        fields = ()

    def row_url(self, record: Stranger) -> None:
        return None

    def render_known(self, record: Any) -> str:
        return f"{record.nas_name} (disabled)" if record.nas_name else ""
