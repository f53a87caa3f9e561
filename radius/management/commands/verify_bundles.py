"""`manage.py verify_bundles`: draw all usage again, and name what does not fit; `--recount` puts it right."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ispbilling.core.clock import now
from radius.bundles import recounting, verifying


class Command(BaseCommand):
    help = "Draw all usage from bundles again, from the first day on, and compare; exits with 1 when anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shown", type=int, default=20, help="findings to print")
        parser.add_argument(
            "--recount", action="store_true", help="store what should be, with an event for each line"
        )

    def handle(self, **options: Any) -> None:
        lines = verifying.lines()
        if options["recount"]:
            changed = [pk for pk in lines if recounting.recount(pk, now(), "Verified")]
            self.stdout.write(f"{len(changed)} of {len(lines)} lines were counted again.")
        count = 0
        for sentence in verifying.findings(lines, now()):
            count += 1
            if count <= options["shown"]:
                self.stdout.write(sentence)
        if count:
            raise CommandError(f"{count} findings on {len(lines)} lines.")
        self.stdout.write(f"{len(lines)} lines verified: every octet is drawn once, earliest expiry first.")
