"""Links: to choose a password and to answer a question, which are secrets, made at the moment of sending and stored
nowhere; and to pay, which anybody may do."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from billing.gateways import accounts
from billing.gateways import links as pay_links
from billing.models import Document
from customers.models import Customer, CustomerRequest, Purpose
from customers.requests import asking
from ispbilling.core.models import User


def days_valid() -> int:
    """For how many days a link works."""
    return int(settings.PASSWORD_RESET_TIMEOUT // 86_400)


def set_password_url(user: User) -> str:
    """A link with which this user chooses a password: dies by use, by any log-in, and after `days_valid`."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
    return f"{settings.BASE_URL}{path}"


def answer_url(request: CustomerRequest) -> str:
    """A link with which a customer answers a question: dies by use, when it is taken back, and when it expires."""
    page = "portal:update_answer" if request.purpose == Purpose.UPDATE else "portal:rating_answer"
    return f"{settings.BASE_URL}{reverse(page, args=[asking.token(request)])}"


def paying_online() -> bool:
    """Whether links to pay lead anywhere."""
    return accounts.offered() is not None


def pay_url(of: Document | Customer) -> str:
    """A link with which an invoice, or all that a customer owes, is paid without logging in.

    It shows what is open and the reference, nothing else: it may be passed on, and is stored with the message.
    """
    return f"{settings.BASE_URL}{reverse('portal:pay_link', args=[pay_links.token(of)])}"


def portal_url() -> str:
    """Where customers log in."""
    return f"{settings.BASE_URL}/portal/"
