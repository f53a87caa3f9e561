"""The customers' door: allauth's own pages on addresses and in the look of the portal."""

from allauth.account.views import LoginView, PasswordResetDoneView, PasswordResetView
from django.urls import reverse_lazy

from portal.forms import PortalLoginForm


class Login(LoginView):
    """Log in by username or e-mail; staff who come this way are shown to theirs."""

    form_class = PortalLoginForm
    template_name = "portal/account/login.html"


class ForgotPassword(PasswordResetView):
    template_name = "portal/account/password_reset.html"
    success_url = reverse_lazy("portal:forgot_done")


class ForgotPasswordDone(PasswordResetDoneView):
    template_name = "portal/account/password_reset_done.html"
