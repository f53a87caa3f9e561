"""allauth's hooks: nobody signs up by himself, each role lands behind its own door, mail goes by the
outbox."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from customers.accounts.resetting import request_by_email
from ispbilling.core import events
from ispbilling.core.clock import now
from ispbilling.core.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff; log-in leads staff to the dashboard and customers to the portal."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        staff = request.user.is_authenticated and request.user.is_provider_staff
        return "/" if staff else "/portal/"

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        # allauth asks while the user is still logged in.
        portal = request.user.is_authenticated and not request.user.is_provider_staff
        return "/portal/login/" if portal else "/account/login/"

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Leave out what the page that follows shows anyway."""
        template = kwargs.get("message_template") or (args[0] if args else None)
        if template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, *args, **kwargs)

    def set_password(self, user: User, password: str) -> None:
        """Store the password a person chose, and that it changed; never what to."""
        super().set_password(user, password)
        login = getattr(user, "portal_login", None)
        events.record(
            "portal_login.password_set",
            login or user,
            actor=user,
            about=login.customer if login else None,
            at=now(),
        )


class ResetByEmail(ResetPasswordForm):
    """allauth's "forgot password" form (settings.ACCOUNT_FORMS). It writes an event instead of sending
    mails: the outbox sends one mail for all logins of a shared address, and a slow mail server tells nobody
    which exist."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        request_by_email(self.cleaned_data["email"], now())
        return str(self.cleaned_data["email"])
