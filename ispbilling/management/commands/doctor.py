"""`manage.py doctor`: proves the running installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ispbilling.doctor.checks import examine


class Command(BaseCommand):
    help = "Asks every part of the installation and says what is wrong and what to do about it."

    def handle(self, **options: Any) -> None:
        failed = 0
        for finding in examine():
            self.stdout.write(str(finding))
            failed += finding.ok is False
        if failed:
            raise CommandError(f"{failed} checks failed; the arrows say what to do.")
        self.stdout.write("All is well.")
