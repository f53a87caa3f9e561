"""An export beside the trial balance of its days: what moved, what went with it, with others, and with none."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from billing.accounting.models import AccountingExport, ExportState
from billing.ledger.models import Account
from billing.trial.figures import trial_balance
from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Compared:
    """One account: what the export's postings moved, what its file says, and where the rest of the movement is."""

    account: Account
    debit: Decimal
    credit: Decimal
    in_file: Decimal
    trial: Decimal
    elsewhere: Decimal

    @property
    def net(self) -> Decimal:
        return self.debit - self.credit

    @property
    def left(self) -> Decimal:
        """Movement of the days that is in no export: dated before the minimum date, or posted since."""
        return self.trial - self.net - self.elsewhere

    @property
    def verdict(self) -> str:
        return "Ties" if self.net == self.in_file else "Does not tie"


def compared(export: AccountingExport) -> list[Compared]:
    """The accounts that moved in the days of the export or are in it."""
    certified = {
        code: tuple(Decimal(amount) for amount in amounts)
        for code, *amounts in export.certificate.get("accounts", [])
    }
    others = _others(export)
    nothing = (ZERO, ZERO, ZERO)
    found = []
    for row in trial_balance(export.since, export.until):
        code = row.account.code
        if not (row.debit or row.credit or code in certified):
            continue
        debit, credit, in_file = certified.get(code, nothing)
        net = row.debit - row.credit
        found.append(Compared(row.account, debit, credit, in_file, net, others.get(code, ZERO)))
    return found


def earlier(export: AccountingExport) -> list[AccountingExport]:
    """Other standing exports for the same package that cover some of the same days."""
    same = AccountingExport.objects.filter(system=export.system, state=ExportState.READY)
    return list(same.filter(since__lte=export.until, until__gte=export.since).exclude(pk=export.pk))


def not_exported(export: AccountingExport) -> int:
    """How many postings of its days are in no export for the package now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM billing_posting p WHERE p.posted_on BETWEEN %s AND %s AND NOT EXISTS (
                   SELECT FROM billing_exportedposting x WHERE x.system = %s AND x.posting_id = p.id)""",
            [export.since, export.until, export.system],
        )
        return int(cursor.fetchone()[0])


def _others(export: AccountingExport) -> Mapping[str, Decimal]:
    """What the postings of these days that went with other exports moved, by account."""
    if not earlier(export):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.code, sum(l.amount) FROM billing_exportedposting x
               JOIN billing_posting p ON p.id = x.posting_id JOIN billing_line l ON l.posting_id = p.id
               JOIN billing_account a ON a.id = l.account_id
               WHERE x.system = %s AND x.export_id <> %s AND p.posted_on BETWEEN %s AND %s GROUP BY 1""",
            [export.system, export.pk, export.since, export.until],
        )
        return dict(cursor.fetchall())
