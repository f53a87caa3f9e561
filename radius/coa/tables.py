"""What was sent to a NAS, who is online, and what is wrong with sessions, as tables."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from ispbilling.core.parts import Button
from ispbilling.core.tables import CLIP, ActionsColumn, Column, DateTimeColumn, LinkColumn, Table, badge
from radius.coa.answers import Reply
from radius.coa.comparing import SETTINGS
from radius.coa.models import CoaAttempt, Outcome
from radius.coa.problems import PROBLEMS
from radius.coa.reconcile import ASKED
from radius.policy.codes import sentence
from radius.usage.models import Session
from radius.usage.tables import SessionTable

_MEANINGS = {
    Outcome.ACK: "working",
    Outcome.NAK: "attention",
    Outcome.TIMEOUT: "stopped",
    Outcome.NOT_SENT: "off",
}
_BECAUSE = {SETTINGS: "Its settings changed.", ASKED: "Asked for by staff."}


def because(code: str) -> str:
    """Why something was sent, in a sentence."""
    return _BECAUSE.get(code) or sentence(code)


class CoaTable(Table):
    """One line per request and its answer."""

    at = DateTimeColumn(verbose_name="Time")
    request = Column(verbose_name="Sent")
    because = Column(verbose_name="Because")
    detail = Column(verbose_name="Answer")

    class Meta(Table.Meta):
        model = CoaAttempt
        fields = ()
        orderable = False

    def render_request(self, record: CoaAttempt) -> str:
        return record.get_request_display()

    def render_because(self, value: str) -> str:
        return because(value)

    def render_detail(self, value: str, record: CoaAttempt) -> Any:
        meaning = _MEANINGS.get(Outcome(record.outcome), "off")
        return format_html("{} {}", badge(record.get_outcome_display(), meaning), value)


def session_actions(session: Session) -> list[Button]:
    """What staff may do about a session from a list; one that has ended can only be looked at."""
    permission = "radius.sessions.disconnect"
    look = Button("Session", session.get_absolute_url(), "eye")
    if session.stopped_at is not None:
        return [look]
    return [
        look,
        Button(
            "Apply Settings", reverse("radius:session_apply", args=[session.pk]), "refresh",
            permission=permission, modal=True,
        ),
        Button(
            "Disconnect", reverse("radius:session_disconnect", args=[session.pk]), "plug-connected-x", "danger",
            permission, modal=True,
        ),
    ]  # fmt: skip


class ActiveTable(SessionTable):
    """Sessions that are open now, with what should become of them."""

    #: Why a session of this page should not be, by id, and the last answers to what staff asked lately.
    refusals: dict[int, str]
    answers: dict[int, Reply]

    state = Column(empty_values=(), orderable=False, verbose_name="State")
    framed_ipv6_prefix = Column(verbose_name="IPv6 Prefix")
    delegated_ipv6_prefix = Column(verbose_name="Delegated Prefix")
    package = Column(accessor="data_account__package__title", verbose_name="Package", attrs=CLIP)
    actions = ActionsColumn(session_actions)

    default_columns = (
        "username", "state", "customer", "package", "nas", "framed_ip", "duration", "download_octets", "actions",
    )  # fmt: skip
    wide_columns = ("package", "nas", "upload_octets")

    class Meta(SessionTable.Meta):
        sequence = ("username", "state", "code", "customer", "package", "nas", "framed_ip", "...", "actions")

    def render_state(self, record: Any) -> Any:
        code = self.refusals.get(record.pk)
        if code is not None:
            title = f"Should be disconnected: {sentence(code)}"
            return format_html(
                '<span title="{}">{}</span>', title, badge(code.replace("_", " ").capitalize(), "stopped")
            )
        reply = self.answers.get(record.pk)
        if reply is None:
            return badge("Online", "working")
        return format_html('<span title="{}">{}</span>', reply.sentence, badge(reply.word, reply.meaning))

    def value_state(self, record: Any) -> str:
        return self.refusals.get(record.pk, "")


class ProblemTable(SessionTable):
    """Sessions with a problem, why, and what to do."""

    problem = Column(verbose_name="Problem")
    advice = Column(accessor="problem", orderable=False, verbose_name="What to Do")
    answer = Column(verbose_name="Last Answer", orderable=False)
    asked_at = DateTimeColumn(verbose_name="Asked")
    username = LinkColumn()
    actions = ActionsColumn(session_actions)

    default_columns = (
        "username", "problem", "advice", "answer", "nas", "actions",
    )  # fmt: skip
    wide_columns = ("answer",)

    class Meta(SessionTable.Meta):
        sequence = ("username", "problem", "advice", "answer", "...", "actions")

    def render_problem(self, value: str) -> Any:
        return badge(PROBLEMS[value].label, PROBLEMS[value].meaning)

    def value_problem(self, value: str) -> str:
        return PROBLEMS[value].label

    def render_advice(self, value: str) -> str:
        return PROBLEMS[value].advice
