"""Request Update, Request Rating (PRO-5), what came back, and deciding on it."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from customers.accounts.models import Customer
from customers.requests import asking, deciding
from customers.requests.forms import DecideForm, HandleForm
from customers.requests.models import LOW, ChangeRequest, CustomerRequest, Decision, Purpose, Rating
from customers.requests.tables import ChangeRequestTable, RatingTable
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State
from ispbilling.core.views import ActionPage, ListPage


class Ask(ActionPage):
    """What the two questions share."""

    queryset = Customer.objects.all()
    permission = "customers.requests"
    submit_label, submit_icon = "Send the Link", "mail-forward"
    purpose: Purpose
    told = ""

    def obstacles(self, obj: Customer) -> list[str]:
        return asking.obstacles(obj)

    def consequences(self, obj: Customer) -> list[str]:
        contact = obj.contacts.filter(primary=True).first()
        to = " and ".join(filter(None, [contact.email, contact.mobile])) if contact else ""
        found = [
            f"A link goes to {to}, by e-mail and by SMS as the notification rules say.",
            self.told,
            f"It works once, for {asking.DAYS} days, and can be taken back.",
        ]
        if obj.requests.filter(purpose=self.purpose, answered_at=None, revoked_at=None).exists():
            found.append("The link sent before stops working.")
        return found

    def act(self, obj: Customer, form: Any, actor: User) -> CustomerRequest:
        return asking.ask(obj, self.purpose, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The link is on its way to {obj}."

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()

    def undo_url(self, obj: Customer, result: CustomerRequest) -> str:
        return reverse("customers:request_revoke", args=[result.pk])


class RequestUpdate(Ask):
    title = "Request Update"
    purpose = Purpose.UPDATE
    told = "The customer sees the details we have and puts them right; nothing changes until you approve it."


class RequestRating(Ask):
    title = "Request Rating"
    purpose = Purpose.RATING
    told = (
        f"The customer gives 1 to 5 stars and a comment; {LOW} or fewer are marked for someone to call back."
    )


class RequestRevoke(ActionPage):
    queryset = CustomerRequest.objects.select_related("customer")
    permission = "customers.requests"
    title = submit_label = "Take the Link Back"
    submit_icon = "link-off"

    def consequences(self, obj: CustomerRequest) -> list[str]:
        return ["The link stops working; a message that was not sent yet is not sent."]

    def act(self, obj: CustomerRequest, form: Any, actor: User) -> CustomerRequest:
        return asking.revoke(obj, clock.now(), actor=actor)

    def done(self, obj: CustomerRequest, result: Any) -> str:
        return "The link no longer works."

    def success_url(self, obj: CustomerRequest, result: Any) -> str:
        return str(obj.customer.get_absolute_url())

    def close_url(self) -> str:
        return self.came_from() or str(self.object.customer.get_absolute_url())


class ChangeRequestList(ListPage):
    """What customers asked to change."""

    queryset = ChangeRequest.objects.select_related("customer").prefetch_related("fields")
    table_class = ChangeRequestTable
    permission = "customers.requests"
    title = "Update Requests"
    search_fields = ("customer__code", "customer__name", "comment")
    search_help = "Customer or comment"
    states = (
        State("open", "Open", Q(decided_at__isnull=True)),
        State("decided", "Decided", Q(decided_at__isnull=False), "decided"),
    )
    empty_icon = "user-edit"
    empty_title = "Nothing waits for a decision"
    empty_text = "Request Update on a profile sends the customer a link; what they put right is decided here."


class ChangeRequestDecide(ActionPage):
    """Field by field: approve, reject with a reason, or later."""

    queryset = ChangeRequest.objects.select_related("customer")
    permission = "customers.requests"
    title = "Update Request"
    submit_label = "Save Decisions"
    submit_icon = "check"
    form_class = DecideForm
    template_name = "customers/requests/decide.html"
    dialog_template = "customers/requests/_decide_dialog.html"

    def crumbs(self) -> Any:
        return (("Update Requests", reverse("customers:change_request_list")),)

    def consequences(self, obj: ChangeRequest) -> list[str]:
        if not obj.fields.filter(name="email", decision=Decision.OPEN).exists():
            return []
        return [
            "Links to set a portal password go to the e-mail address: before you approve another one, call the "
            "customer on the number you have."
        ]

    def obstacles(self, obj: ChangeRequest) -> list[str]:
        return ["Everything in it is decided."] if obj.decided_at else []

    def context(self, **extra: Any) -> dict[str, Any]:
        if self.object is not None:
            extra["decided"] = self.object.fields.exclude(decision="open").select_related("decided_by")
        return super().context(**extra)

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"change": self.object}}

    def buttons(self) -> list[Button]:
        return [Button("Open Profile", self.object.customer.get_absolute_url(), "user")]

    def act(self, obj: ChangeRequest, form: Any, actor: User) -> ChangeRequest:
        return deciding.decide(obj, form.verdicts(), clock.now(), actor=actor)

    def done(self, obj: ChangeRequest, result: ChangeRequest) -> str:
        return "Decided." if result.decided_at else "Saved; what is left stays open."

    def success_url(self, obj: ChangeRequest, result: Any) -> str:
        return reverse("customers:change_request_list")


class RatingList(ListPage):
    """How customers rate, those that need someone first."""

    queryset = Rating.objects.select_related("customer")
    table_class = RatingTable
    permission = "customers.requests"
    title = "Ratings"
    search_fields = ("customer__code", "customer__name", "comment")
    search_help = "Customer or comment"
    states = (
        State("all", "All"),
        State("waiting", "Needs someone", Q(score__lte=LOW, handled_at__isnull=True)),
    )
    empty_icon = "star"
    empty_title = "No ratings yet"
    empty_text = "Request Rating on a profile sends the customer a link for 1 to 5 stars and a comment."


class RatingHandle(ActionPage):
    queryset = Rating.objects.select_related("customer")
    permission = "customers.requests"
    title = submit_label = "Dealt With"
    form_class = HandleForm
    success_url_name = "customers:rating_list"

    def consequences(self, obj: Rating) -> list[str]:
        return [f"{obj.score} of 5: {obj.comment or 'no comment'}", "It no longer waits for someone."]

    def act(self, obj: Rating, form: Any, actor: User) -> Rating:
        return deciding.handle(obj, form.cleaned_data["note"], clock.now(), actor=actor)

    def done(self, obj: Rating, result: Any) -> str:
        return "The rating is dealt with."

    def close_url(self) -> str:
        return self.came_from() or reverse("customers:rating_list")
