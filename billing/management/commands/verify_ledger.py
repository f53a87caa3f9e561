"""manage.py verify_ledger: recompute every digest, seal, balance and number, and compare with the anchors."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.ledger.verification import Anchored, anchored
from billing.models import ChainHead, Posting
from billing.proving import anchoring
from billing.proving.verifying import everything


class Command(BaseCommand):
    help = "Recompute digests, seals, chain head, balances and numbers; names what does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="SEAL:HASH",
            help="as a mail or an earlier verification said: proves that nothing before was changed or cut off",
        )
        parser.add_argument(
            "--file",
            type=Path,
            help="a copy of the file of anchors; else that of LEDGER_ANCHOR_DIR, if it is there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = self._given(options["anchor"], options["file"])
        count = 0
        for sentence in everything(given):
            self.stdout.write(sentence)
            count += 1
        if count:
            raise CommandError(f"{count} findings; the first one names the damage.")
        head = ChainHead.objects.get(pk=1)
        # Kept outside the database, this line also proves that no tail was cut off together with its head.
        self.stdout.write(
            f"{Posting.objects.count()} postings verified. Anchor: {head.seq}:{bytes(head.hash).hex()}"
        )

    def _given(self, pasted: list[str], file: Path | None) -> list[Anchored]:
        usual = anchoring.place()
        path = file or (usual if usual is not None and usual.exists() else None)
        try:
            found = [anchored(text, "the anchor given") for text in pasted]
            return found + (anchoring.read(path) if path else [])
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
