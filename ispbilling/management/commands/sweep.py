"""`manage.py sweep NAME [--preview] [--at WHEN]` and `manage.py sweep --list`."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from ispbilling import sweeping
from ispbilling.core.clock import now, zone
from ispbilling.schedule import SWEEPS


class Command(BaseCommand):
    help = "Runs one sweep of the schedule now, or shows what it would do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=[sweep.name for sweep in SWEEPS])
        parser.add_argument("--list", action="store_true", help="what runs, when and why")
        parser.add_argument(
            "--preview", action="store_true", help="print the steps and their reasons; change nothing"
        )
        parser.add_argument(
            "--at", metavar="WHEN", help="with --preview: as if it were this local time (2026-12-01T01:00)"
        )

    def handle(self, **options: Any) -> None:
        if options["list"]:
            for sweep in SWEEPS:
                self.stdout.write(f"{sweep.name:16} {sweep.words:16} {sweep.why}")
            return
        if not options["name"]:
            raise CommandError("Name a sweep, or use --list.")
        at = self._instant(options["at"])
        if options["at"] and not options["preview"]:
            raise CommandError("--at only works with --preview: a sweep is applied at the present time.")
        if options["preview"]:
            plan = sweeping.plan(options["name"], at)
            for step in plan:
                self.stdout.write(f"{step.action}: {step.subject} - {step.because}")
            self.stdout.write(f"{len(plan)} steps; nothing was changed.")
            return
        result = sweeping.run(options["name"], at)
        self.stdout.write(f"{options['name']}: {result}")
        if result.failed:
            for step, reason in result.failed:
                self.stderr.write(f"failed: {step.subject}: {reason}")
            raise CommandError(f"{len(result.failed)} steps failed; they will be tried again.")

    @staticmethod
    def _instant(text: str | None) -> datetime:
        if not text:
            return now()
        try:
            parsed = parse_datetime(text) or datetime.fromisoformat(text)  # noqa: DTZ007 - the zone follows
        except ValueError as error:
            raise CommandError(f"--at {text!r} is not a time; write for example 2026-12-01T01:00") from error
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone())
