"""`manage.py first_staff`: the owner's log-in of a new installation."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ispbilling.core import events
from ispbilling.core.clock import now
from ispbilling.core.models import Role, User
from ispbilling.core.second_factor import deadline


class Command(BaseCommand):
    help = (
        "Makes the first owner with a generated password and prints it, once; does nothing when staff exist."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="owner")

    def handle(self, **options: Any) -> None:
        if User.objects.staff().exists():
            return
        password = "-".join(secrets.token_hex(3) for _ in range(3))
        user = User(username=options["username"], role=Role.OWNER, first_name="Owner")
        user.set_password(password)
        user.mfa_required_from = deadline(user.role, now())
        user.save()
        events.record("staff.added", user, role=user.role, at=now())
        self.stdout.write("First log-in, shown only now:")
        self.stdout.write(f"    username  {user.username}")
        self.stdout.write(f"    password  {password}")
        self.stdout.write("Change it after logging in (account menu, Password).")
