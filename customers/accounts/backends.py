"""How people log in: by username, or by an e-mail address that belongs to exactly one login (D-6)."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest

from ispbilling.core.models import User


class UsernameOrEmail(ModelBackend):
    """Password log-in for both doors. An e-mail that several logins share names nobody: use the username."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        name = username or kwargs.get("email")
        if not name or password is None:
            return None
        user = find(name)
        if user is None:
            User().set_password(password)  # the same work as for a known name, so that time tells nothing
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def find(name: str) -> User | None:
    """The user with that username, else the only active one with that e-mail address."""
    found = User.objects.filter(username__iexact=name).first()
    if found is None and "@" in name:
        matches = list(User.objects.filter(Q(email__iexact=name), is_active=True)[:2])
        found = matches[0] if len(matches) == 1 else None
    return found
