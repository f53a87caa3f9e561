"""`manage.py new_secrets_key`: a fresh entry for SECRETS_KEYS."""

import base64
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ispbilling.core.clock import local_day, now


class Command(BaseCommand):
    help = "Prints a new entry for SECRETS_KEYS; put it first, keep the old ones, then run rotate_secrets."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        taken = {entry.split(":")[0] for entry in settings.SECRETS_KEYS.split(",") if entry}
        stem = f"k{local_day(now()):%Y%m%d}"
        key_id = next(
            name
            for n in range(len(taken) + 1)
            if (name := f"{stem}{'abcdefghijklmnop'[n - 1] if n else ''}") not in taken
        )
        self.stdout.write(f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}")
