"""The certificate of a run: set queries over what was planned and what is there. Kept with the run."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.runs.models import Run
from ispbilling.core.money import format_money

# Sets are told apart by EXCEPT: documents of this hour are in no statistics, and NOT EXISTS may compare all with all.
_FACTS = """
WITH d AS (
    SELECT d.id, d.number, d.net, d.vat, d.total, d.customer_id FROM billing_document d
    WHERE d.run_id = %(run)s AND d.kind = 'invoice'
), p AS (
    SELECT p.id, p.seal_id, d.total FROM billing_posting p JOIN d ON d.id = p.document_id
), x AS (
    SELECT x.state, p.customer_id IS NOT NULL AS planned, p.total FROM billing_runexception x
    LEFT JOIN billing_runplan p ON p.run_id = x.run_id AND p.customer_id = x.customer_id WHERE x.run_id =
    %(run)s
)
SELECT json_build_object(
    'planned', (SELECT count(*) FROM billing_runplan WHERE run_id = %(run)s),
    'planned_total', (SELECT coalesce(sum(total), 0)::text FROM billing_runplan WHERE run_id = %(run)s),
    'issued', (SELECT count(*) FROM d),
    'skipped', (SELECT count(*) FROM x WHERE state = 'skipped'),
    'parked', (SELECT count(*) FROM x WHERE state = 'parked' AND planned),
    'appeared', (SELECT count(*) FROM x WHERE NOT planned),
    'left_out_total', (SELECT coalesce(sum(total), 0)::text FROM x WHERE planned),
    'unaccounted', (
        SELECT count(*) FROM (
            SELECT customer_id FROM billing_runplan WHERE run_id = %(run)s
            EXCEPT SELECT customer_id FROM d
            EXCEPT SELECT customer_id FROM billing_runexception WHERE run_id = %(run)s) missing),
    'first_number', (SELECT min(number) FROM d),
    'last_number', (SELECT max(number) FROM d),
    'net', (SELECT coalesce(sum(net), 0)::text FROM d),
    'vat', (SELECT coalesce(sum(vat), 0)::text FROM d),
    'total', (SELECT coalesce(sum(total), 0)::text FROM d),
    'posted', (
        SELECT coalesce(sum(l.amount), 0)::text FROM billing_line l JOIN p ON p.id = l.posting_id
        JOIN billing_account a ON a.id = l.account_id AND a.code = 'receivable'),
    'first_seal', (SELECT min(seal_id) FROM p),
    'last_seal', (SELECT max(seal_id) FROM p)
)
"""


def certify(run: Run, now: datetime) -> dict[str, Any]:
    """The facts, and `checks`: a sentence per equation with whether it holds."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"run": run.pk})
        facts: dict[str, Any] = cursor.fetchone()[0]
        cursor.execute(
            "SELECT (%s::numeric - %s::numeric) = %s::numeric, %s::numeric = %s::numeric",
            [
                facts["planned_total"],
                facts["left_out_total"],
                facts["total"],
                facts["total"],
                facts["posted"],
            ],
        )
        as_planned, as_posted = cursor.fetchone()

    def money(name: str) -> str:
        return format_money(Decimal(facts[name]))

    facts["checks"] = [
        [
            f"planned {facts['planned']} = issued {facts['issued']} + skipped {facts['skipped']}"
            f" + parked {facts['parked']}",
            facts["planned"] == facts["issued"] + facts["skipped"] + facts["parked"]
            and not facts["unaccounted"],
        ],
        [
            f"planned {money('planned_total')} less left out {money('left_out_total')} = invoiced {money('total')}",
            as_planned,
        ],
        [f"invoiced {money('total')} = posted to receivables {money('posted')}", as_posted],
    ]
    facts["at"] = now.isoformat()
    return facts
