"""Staff pages: the outbox, one message, the switches, and the acts that send something."""

from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from customers.models import Customer, PortalLogin
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import User
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.tables import url_or_none
from ispbilling.core.views import ActionPage, DetailPage, ListPage, StaffPage
from notifications import outbox, rules, usage, welcoming
from notifications.channels.sms import segments
from notifications.filters import MessageFilter
from notifications.forms import LoginForm
from notifications.kinds import CATALOGUE, KINDS, Kind
from notifications.links import days_valid
from notifications.models import Channel, Message, MessageState, Rule
from notifications.tables import MEANINGS, MessageTable, RuleTable, customer_url
from radius.consumption import periods

RETRIABLE = (MessageState.FAILED, MessageState.GIVEN_UP)


def sms_segments(message: Message) -> int | None:
    """How many SMS the text takes; None for a mail."""
    return segments(message.preview) if message.channel == Channel.SMS else None


class MessageList(ListPage):
    queryset = Message.objects.select_related("customer")
    table_class = MessageTable
    filterset_class = MessageFilter
    permission = "messages.view"
    title = "Messages"
    confidential = "who was written to, at which address, about what"
    search_fields = ("subject", "to_address", "customer__code", "customer__name", "error")
    search_help = "Subject, address, customer or error"
    states = (
        State("all", "All"),
        State("waiting", "Waiting", Q(state__in=[MessageState.QUEUED, MessageState.FAILED])),
        State("stuck", "Failed or given up", Q(state__in=RETRIABLE)),
        State("sent", "Sent", Q(state=MessageState.SENT)),
    )
    empty_icon = "send"
    empty_text = (
        "Welcome mails, invoices and whatever else is sent to customers is listed here with its fate."
    )

    def buttons(self) -> list[Button]:
        there = reverse("notifications:rule_list")
        return [Button("What is sent", there, "adjustments", permission="settings.view")]


class MessageDetail(DetailPage):
    queryset = Message.objects.select_related("customer", "document", "event")
    permission = "messages.view"
    panels = (
        Panel(
            "Delivery",
            (
                Attr(lambda message: message.get_state_display(), "State"),
                Attr("error", "Last error"),
                Attr("to_address", "To"),
                Attr(lambda message: message.get_channel_display(), "Channel"),
                Attr("attempts", "Attempts"),
                Attr("created_at", "Written", "datetime"),
                Attr("next_attempt_at", "Next attempt", "datetime"),
                Attr("sent_at", "Sent", "datetime"),
                Attr("provider_id", "Provider's id", "mono"),
            ),
            icon="send",
        ),
        Panel(
            "About",
            (
                Attr(
                    lambda message: KINDS[message.kind].label if message.kind in KINDS else message.kind,
                    "Kind",
                ),
                Attr("customer", "Customer"),
                Attr("document", "Paper"),
            ),
            icon="info-circle",
        ),
        Panel(
            "As it reads",
            (
                Attr("subject", "Subject"),
                Attr("preview", "Text", "lines"),
                Attr(lambda message: f"{message.document}.pdf" if message.document else "", "Attached"),
                Attr(sms_segments, "SMS segments"),
            ),
            column=2,
            icon="eye",
        ),
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.parents = [("Messages", reverse("notifications:message_list"))]
        return super().get(request, *args, **kwargs)

    def buttons(self) -> list[Button]:
        found = []
        if self.object.state in RETRIABLE:
            there = reverse("notifications:message_retry", args=[self.object.pk])
            found.append(Button("Retry", there, "refresh", "primary", "messages.send", modal=True))
        if url := customer_url(self.object):
            found.append(Button("Customer", url, "user", permission="customers.view"))
        if self.object.document_id and (
            url := url_or_none("billing:document_detail", self.object.document_id)
        ):
            found.append(Button("Paper", url, "file-invoice", permission="billing.documents.view"))
        return found

    def banners(self) -> list[tuple[str, str]]:
        if self.object.state in RETRIABLE:
            return [(MEANINGS[self.object.state], self.object.error)]
        return []


class MessageRetry(ActionPage):
    queryset = Message.objects.select_related("customer")
    permission = "messages.send"
    title = "Retry"
    submit_label = "Send it again"
    submit_icon = "refresh"

    def consequences(self, obj: Message) -> list[str]:
        return [
            f"It goes to {outbox.address_now(obj) or 'nobody: there is no address yet'}.",
            "It is sent within a few seconds.",
        ]

    def act(self, obj: Message, form: Any, actor: User) -> Message:
        return outbox.retry(obj, now(), actor=actor)

    def done(self, obj: Message, result: Message) -> str:
        return f"The message to {result.to_address} is on its way."

    def success_url(self, obj: Message, result: Message) -> str:
        return reverse("notifications:message_detail", args=[obj.pk])

    def close_url(self) -> str:
        return self.came_from() or reverse("notifications:message_detail", args=[self.object.pk])


class WelcomeAgain(ActionPage):
    """Send the welcome mail of one of the customer's portal logins again."""

    queryset = Customer.objects.all()
    permission = "customers.password"
    title = "Send welcome mail"
    submit_label = "Send it"
    submit_icon = "send"
    form_class = LoginForm

    def logins(self) -> QuerySet[PortalLogin]:
        return self.object.portal_logins.select_related("user", "customer").filter(user__is_active=True)

    def form_kwargs(self) -> dict[str, Any]:
        return {"logins": self.logins()}

    def consequences(self, obj: Customer) -> list[str]:
        if not self.logins().exists():
            return ["There is nothing to send: this customer has no portal login yet."]
        return [
            "The username and a link to choose a password are sent again.",
            f"The link works once, for {days_valid()} days; links sent earlier work until one of them is used.",
        ]

    def act(self, obj: Customer, form: LoginForm, actor: User) -> PortalLogin:
        login: PortalLogin = form.cleaned_data["login"]
        welcoming.welcome_again(login, now(), actor=actor)
        return login

    def done(self, obj: Customer, result: PortalLogin) -> str:
        return f"The welcome mail for {result.user.username} is on its way."

    def success_url(self, obj: Customer, result: PortalLogin | None) -> str:
        return url_or_none("customers:customer_detail", obj.pk) or reverse("notifications:message_list")

    def close_url(self) -> str:
        return self.came_from() or self.success_url(self.object, None)


class UsageEmail(ActionPage):
    """The usage of a month by e-mail, as it will read, before it is sent (USE-5)."""

    queryset = Customer.objects.select_related("group")
    permission = "messages.send"
    title = "Usage Email"
    submit_label, submit_icon = "Send it", "send"
    template_name = "notifications/usage.html"
    dialog_template = "notifications/_usage_dialog.html"
    channel = Channel.EMAIL

    @cached_property
    def report(self) -> usage.Report:
        moment = now()
        try:
            chosen = periods.chosen(self.request.GET.dict(), local_day(moment))
        except ValueError as error:
            raise Http404("no such month") from error
        return usage.report(self.object, chosen.months[0], self.channel, moment)

    def obstacles(self, obj: Customer) -> list[str]:
        return usage.obstacles(self.report)

    def consequences(self, obj: Customer) -> list[str]:
        found = [f"It goes to {self.report.to} within a few seconds."]
        if self.channel == Channel.SMS and (count := segments(self.report.words.text)) > 1:
            found.append(f"It takes {count} SMS.")
        return found

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(**extra, words=self.report.words)

    def act(self, obj: Customer, form: Any, actor: User) -> Customer:
        usage.send(self.report, now(), actor=actor)
        return obj

    def done(self, obj: Customer, result: Customer) -> str:
        return f"The usage of {obj} is on its way to {self.report.to}."

    def success_url(self, obj: Customer, result: Customer) -> str:
        return reverse("radius:usage_detail", args=[obj.pk])

    def close_url(self) -> str:
        return self.came_from() or reverse("radius:usage_detail", args=[self.object.pk])


class UsageSms(UsageEmail):
    """The same in few words by SMS."""

    title = "Usage SMS"
    channel = Channel.SMS


class RuleList(StaffPage):
    """What is sent by which channel."""

    permission = "settings.view"
    title = "What is sent"
    template_name = "notifications/rules.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        self.parents = [("Messages", reverse("notifications:message_list"))]
        on = rules.switches()
        rows = [
            {
                "name": kind.name,
                "label": kind.label,
                "told": kind.told,
                **{channel: on[kind.name, channel] for channel in Channel.values},
                "channels": [
                    (value, label, on[kind.name, value], kind.essential and value == Channel.EMAIL)
                    for value, label in Channel.choices
                ],
            }
            for kind in CATALOGUE
        ]
        return self.answer(table=RuleTable(rows, request=request))


class RuleSwitch(ActionPage):
    """Turn a kind of message on or off for a channel."""

    model = Rule
    permission = "settings.edit"
    title = "Switch"
    submit_label = "Switch"
    success_url_name = "notifications:rule_list"

    def find(self) -> Kind:
        kind = KINDS.get(self.kwargs["kind"])
        if kind is None or self.kwargs["channel"] not in Channel.values:
            raise Http404("no such message or channel")
        self.channel = Channel(self.kwargs["channel"])
        self.to = not rules.switches()[kind.name, self.channel]
        self.title = f"Switch {kind.label} by {self.channel.label} {'on' if self.to else 'off'}"
        return kind

    def consequences(self, obj: Kind) -> list[str]:
        will = "is" if self.to else "is no longer"
        return [f"From now on it {will} sent by {self.channel.label} {obj.told.partition(':')[0]}."]

    def act(self, obj: Kind, form: Any, actor: User) -> None:
        rules.switch(obj, self.channel, self.to, actor)

    def done(self, obj: Kind, result: None) -> str:
        return f"{obj.label} by {self.channel.label} is {'on' if self.to else 'off'}."

    def success_url(self, obj: Kind, result: None) -> str:
        return reverse(self.success_url_name)

    def close_url(self) -> str:
        return reverse(self.success_url_name)
