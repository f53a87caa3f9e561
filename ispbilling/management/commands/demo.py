"""`manage.py demo load|remove`: the demonstration provider."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Provider
from ispbilling.demo import loading, removing


class Command(BaseCommand):
    help = "Loads a small demonstration provider into an empty database, or takes it away again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["load", "remove"])
        parser.add_argument(
            "--if-empty", action="store_true", help="load: say nothing when somebody uses the database"
        )

    def handle(self, **options: Any) -> None:
        if options["act"] == "load":
            self._load(quietly=options["if_empty"])
            return
        if not Provider.get().demonstration:
            raise CommandError("No demonstration is loaded.")
        try:
            counts = removing.remove(now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The demonstration is gone: {counts} customers with all that was theirs.")

    def _load(self, *, quietly: bool) -> None:
        if not loading.is_empty():
            if quietly:
                return
            raise CommandError("This database is in use; the demonstration goes into an empty one only.")
        counts = loading.load(now())
        self.stdout.write(
            f"Demonstration loaded: {counts['customers']} customers, {counts['sessions']} sessions, two months of"
            " invoices. `./run demo remove` takes it away."
        )
