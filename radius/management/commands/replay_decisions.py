"""`manage.py replay_decisions`: decide again all that was stored, and report what comes out differently."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from radius.server.models import AuthAttempt
from radius.server.stored import replay_attempt


class Command(BaseCommand):
    help = "Replay stored log-ins; exits with 1 when the policy that decided them now decides otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=_instant, help="a day or an instant (UTC); default: all that are kept"
        )
        parser.add_argument("--shown", type=int, default=20, help="differences to print")

    def handle(self, **options: Any) -> None:
        attempts = AuthAttempt.objects.select_related("facts").order_by("pk")
        if options["since"]:
            attempts = attempts.filter(at__gte=options["since"])
        count = {"same": 0, "other_policy": 0, "unknown": 0, "different": 0}
        for attempt in attempts.iterator(chunk_size=2000):
            found = replay_attempt(attempt)
            if found is None:
                count["unknown"] += 1
            elif found.same:
                count["same"] += 1
            else:
                kind = "different" if found.broken else "other_policy"
                count[kind] += 1
                if count[kind] <= options["shown"]:
                    when = attempt.at.astimezone(UTC)
                    self.stdout.write(
                        f"{kind}: {attempt.pk} {when:%Y-%m-%d %H:%M:%S} {attempt}: {found.problem}"
                    )
        self.stdout.write(
            f"{sum(count.values())} stored log-ins: {count['same']} decided the same,"
            f" {count['different']} differently, {count['other_policy']} differently by another version of the"
            f" policy, {count['unknown']} without their facts."
        )
        if count["different"]:
            raise CommandError(f"{count['different']} decisions cannot be explained by what was stored.")


def _instant(text: str) -> datetime:
    """A day, an instant, or days back (`7d`). Raises ValueError."""
    if text.endswith("d"):
        return datetime.now(UTC) - timedelta(days=int(text[:-1]))
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
