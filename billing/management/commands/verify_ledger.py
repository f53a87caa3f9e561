"""manage.py verify_ledger: recompute every digest, seal, balance and number."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.documents import verification as documents
from billing.models import ChainHead, Posting
from billing.payments import verification as payments


class Command(BaseCommand):
    help = "Recompute digests, seals, chain head, balances and numbers; names what does not fit."

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*documents.findings(), *payments.findings()]
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{len(found)} findings; the first one names the damage.")
        head = ChainHead.objects.get(pk=1)
        # Kept outside the database, this line also proves that no tail was cut off together with its head.
        self.stdout.write(
            f"{Posting.objects.count()} postings verified. Anchor: {head.seq} {bytes(head.hash).hex()}"
        )
