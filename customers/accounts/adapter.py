"""allauth's hooks: nobody signs up by himself, and each role lands behind its own door."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff; log-in leads staff to the dashboard and customers to the portal."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return "/" if request.user.is_provider_staff else "/portal/"

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return "/account/login/"
