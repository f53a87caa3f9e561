"""manage.py run_month_end --period 2026-11 --preview: the month's run from the shell."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from billing.runs import monthly
from billing.runs.models import Run
from billing.runs.planning import Asked, plan
from billing.sweeps import issue_runs
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.money import format_money


class Command(BaseCommand):
    help = "Prepare, approve and issue the run of a month. --preview stores nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--period", required=True, help="the month that is billed: 2026-11")
        parser.add_argument("--date", type=date.fromisoformat, help="invoice date; default today")
        parser.add_argument("--billing-group", help="title of the billing group; default everybody")
        parser.add_argument("--preview", action="store_true", help="print what would be issued")

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        try:
            period = month_of(date.fromisoformat(f"{options['period']}-01"))
        except ValueError as error:
            raise CommandError("--period is a month such as 2026-11") from error
        group = None
        if options["billing_group"]:
            group = BillingGroup.objects.filter(title__iexact=options["billing_group"]).first()
            if group is None:
                raise CommandError(f"There is no billing group {options['billing_group']!r}.")
        try:
            with transaction.atomic():
                run = plan(Asked(period, options["date"] or local_day(at), group), at, actor=None)
                if options["preview"]:
                    self._print(run)
                    transaction.set_rollback(True)
                    return
                monthly.approve(run, at, actor=None)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        issue_runs(at).apply(at)
        run.refresh_from_db()
        for sentence, holds in run.certificate["checks"]:
            self.stdout.write(f"{'ok ' if holds else 'NOT'} {sentence}")

    def _print(self, run: Run) -> None:
        for one in run.plans.select_related("customer").order_by("customer__code"):
            self.stdout.write(f"{one.customer.code:20} {format_money(one.total):>14}")
            for line in one.lines:
                self.stdout.write(f"    {line['total']:>12}  {line['description']}")
        for left_out in run.exceptions.select_related("customer"):
            self.stdout.write(f"{left_out.customer.code:20} {left_out.state}: {left_out.reason}")
        self.stdout.write(f"{run}: {run.planned} customers, {format_money(run.planned_total)}")
