"""`manage.py radsec_certificate NAME`: a self-signed certificate to begin with RadSec, for us or for a router."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ispbilling.core import clock
from radius.nas import certificates


class Command(BaseCommand):
    help = "Writes NAME.crt and NAME.key into a folder; the first is public, the second is a secret."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the host name, for example radius.example.net")
        parser.add_argument("--folder", default=".", help="where to write; default here")

    def handle(self, **options: Any) -> None:
        folder, name = Path(options["folder"]), options["name"]
        public, private = folder / f"{name}.crt", folder / f"{name}.key"
        if public.exists() or private.exists():
            raise CommandError(f"{public} or {private} is there already.")
        certificate, key = certificates.make(name, clock.now())
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        public.write_text(certificate)
        self.stdout.write(
            f"RADIUS_RADSEC_CERTIFICATE={public.resolve()}\nRADIUS_RADSEC_KEY={private.resolve()}"
        )
        self.stdout.write(f"SHA-256 fingerprint: {certificates.read(certificate).fingerprint}")
