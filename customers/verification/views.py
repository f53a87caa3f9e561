"""Verify Customer ID (PRO-3) and taking it back."""

from typing import Any

from django import forms

from customers.accounts import idnumbers
from customers.accounts.models import Customer
from customers.verification import verifying
from customers.verification.forms import VerifyForm
from ispbilling.core import clock
from ispbilling.core.forms import Form
from ispbilling.core.models import User
from ispbilling.core.views import ActionPage


class RevokeForm(Form):
    reason = forms.CharField(max_length=300)


class VerifyAct(ActionPage):
    queryset = Customer.objects.all()
    permission = "customers.verify"

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class CustomerVerify(VerifyAct):
    title = "Verify Customer ID"
    submit_label, submit_icon = "Verified", "id-badge"
    form_class = VerifyForm

    def obstacles(self, obj: Customer) -> list[str]:
        return verifying.obstacles(obj)

    def consequences(self, obj: Customer) -> list[str]:
        found = []
        if born := idnumbers.birth_date(obj.id_number):
            found.append(f"The stored ID number is valid; by it the person was born on {born}.")
        if not obj.attachments.kept().exists():
            found.append("No attachments yet: add the copies first, if the law wants you to keep them.")
        return [*found, "Your name and the time are recorded. An earlier verification is replaced."]

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"customer": self.object}}

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        return verifying.verify(obj, form.checked(), clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is verified."


class VerificationRevoke(VerifyAct):
    title = submit_label = "Revoke Verification"
    submit_icon = "id-off"
    danger = True
    form_class = RevokeForm

    def consequences(self, obj: Customer) -> list[str]:
        return ["The customer counts as not verified.", "Service goes on; the record stays as history."]

    def act(self, obj: Customer, form: Any, actor: User) -> Any:
        return verifying.revoke(obj, form.cleaned_data["reason"], clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is no longer verified."
