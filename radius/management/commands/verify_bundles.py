"""`manage.py verify_bundles`: draw all usage again and compare what rolled over, and name what does not fit;
`--recount` puts it right.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ispbilling.core import clock
from radius.accounts.models import DataAccount
from radius.bundles import recounting, verifying
from radius.rolling import correcting

VERIFIED = "Verified"


class Command(BaseCommand):
    help = "Draw all usage from bundles again, from the first day on, and compare; exits with 1 when anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shown", type=int, default=20, help="findings to print")
        parser.add_argument(
            "--recount", action="store_true", help="store what should be, with an event for each line"
        )

    def handle(self, **options: Any) -> None:
        lines, now = verifying.lines(), clock.now()
        if options["recount"]:
            changed = [pk for pk in lines if _put_right(pk, now)]
            self.stdout.write(f"{len(changed)} of {len(lines)} lines were counted again.")
        count = 0
        for sentence in _findings(lines, now):
            count += 1
            if count <= options["shown"]:
                self.stdout.write(sentence)
        if count:
            raise CommandError(f"{count} findings on {len(lines)} lines.")
        self.stdout.write(f"{len(lines)} lines verified: every octet is drawn once, earliest expiry first.")


def _put_right(line: int, now: datetime) -> bool:
    with transaction.atomic():
        drawn = bool(recounting.recount(line, now, VERIFIED))
        return bool(correcting.correct([line], now, because=VERIFIED)) or drawn


def _findings(lines: Sequence[int], now: datetime) -> Iterator[str]:
    yield from verifying.findings(lines, now)
    found = correcting.due(now)
    names = dict(DataAccount.objects.filter(pk__in={one.line for one in found}).values_list("pk", "username"))
    for one in found:
        yield (
            f"{names[one.line]}: bundle {one.bundle} holds {one.rolled} octets that rolled over, and should hold"
            f" {one.total}"
        )
