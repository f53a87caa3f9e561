"""The pages behind the links customers are sent: put your details right, and rate us. No log-in.

Whoever holds the link sees the contact details it is about, and nothing else: no balance, no ID number. A link
that is wrong, used, expired or taken back answers the same 404, which tells nothing about anybody.
"""

from typing import Any, ClassVar

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views import View

from customers.models import CustomerRequest, Purpose
from customers.requests import answering, asking, fields
from customers.requests.asking import LinkDead
from ispbilling.core.clock import now
from portal import limits
from portal.answer_forms import RatingForm, UpdateForm

_SEEN = "portal.answers.seen"


class AnswerPage(View):
    """A page that belongs to `self.asked`, the question of the link."""

    purpose: ClassVar[Purpose]
    template_name: ClassVar[str]
    title: ClassVar[str]
    asked: CustomerRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if limits.too_many(request):
            response: HttpResponseBase = self.answer("portal/too_many.html", status=429)
        else:
            try:
                self.asked = asking.find(kwargs["token"], self.purpose, now())
                response = super().dispatch(request, *args, **kwargs)
            except LinkDead:
                response = self.answer("portal/link_dead.html", status=404)
        add_never_cache_headers(response)
        # The address is the key: told to nobody else. Without any referrer the form could not be sent (CSRF).
        response["Referrer-Policy"] = "same-origin"
        return response

    def answer(self, template: str = "", status: int = 200, **context: Any) -> HttpResponse:
        context = {"page": self, "title": self.title, "place": "answer", **context}
        return render(self.request, template or self.template_name, context, status=status)

    def thank(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("portal:answer_thanks"))


class UpdateAnswer(AnswerPage):
    """Our details of you: put right what is wrong."""

    purpose = Purpose.UPDATE
    template_name = "portal/answer_update.html"
    title = "Your details"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        seen = fields.values(self.asked.customer)
        form = UpdateForm(
            initial={**seen, "seen": signing.dumps(seen, salt=_SEEN)}, customer=self.asked.customer
        )
        return self.answer(form=form)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = UpdateForm(request.POST, customer=self.asked.customer)
        if not form.is_valid():
            return self.answer(form=form)
        told = dict(form.cleaned_data)
        comment = told.pop("comment")
        answering.update(token, self.seen(told.pop("seen")), told, comment, now())
        return self.thank()

    def seen(self, signed: str) -> dict[str, str]:
        """What the page had shown; the present details when that does not come back whole."""
        try:
            found: dict[str, str] = signing.loads(signed, salt=_SEEN)
        except signing.BadSignature:
            return fields.values(self.asked.customer)
        return found


class RatingAnswer(AnswerPage):
    """How do we do? One to five."""

    purpose = Purpose.RATING
    template_name = "portal/answer_rating.html"
    title = "How do we do?"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.answer(form=RatingForm())

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = RatingForm(request.POST)
        if not form.is_valid():
            return self.answer(form=form)
        answering.rate(token, form.cleaned_data["score"], form.cleaned_data["comment"], now())
        return self.thank()


class Thanks(View):
    """The same for every answer, so that it tells nothing and can be shown again."""

    title = "Thank you"

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "portal/answer_thanks.html", {"title": self.title, "place": "answer"})
