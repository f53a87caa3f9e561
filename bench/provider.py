"""A provider of any size after thirteen months: customers, lines, usage of every day, invoices, payments, events.

People and lines go in by COPY through the models, so that columns added later get their defaults; the bulk is one
INSERT ... SELECT per table, with triggers off, indexes made afterwards where that is quicker. It is kept between
runs and made again when the size or the schema changes.
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from bench.tables import copy_rows, restart_numbering
from billing.models import RecurringLine
from customers.models import Contact, Customer
from groups.models import BillingGroup, Category, CustomerGroup, HighSite
from ispbilling.core import clock, secrets
from radius.consumption import months as usage_months
from radius.models import CapKind, DataAccount, Nas, Package, Service
from radius.usage import partitions

MONTHS = 13
GROUPS = 40
#: Words to make people of, separated by blanks.
FIRST = (
    "Alice Anna Ben Bongani Carel Chantal Danie Elize Fatima Frikkie Gerhard Hanlie Imraan Jabu Johan Kagiso Lerato "
    "Marius Naledi Olga Pieter Refilwe Sipho Thandi Ursula Vusi Willem Xolani Yusuf Zanele"
)
LAST = (
    "Abrahams Botha Coetzee Dlamini Du_Plessis Erasmus Fourie Govender Hendricks Isaacs Jacobs Khumalo Louw Mokoena "
    "Naidoo Nkosi Odendaal Pillay Roux Sithole Smit Steyn Tshabalala Van_Wyk Venter Visser Williams Zulu"
)
STREETS = "Main Church Long Voortrekker Mandela Loop Kloof Station Park Beach"
TOWNS = "Stellenbosch Paarl Worcester Hermanus Caledon Ceres Malmesbury Robertson Swellendam Wellington"

#: Filled per month of documents; `%(first)s` is the month's first day, `%(n)s` counts months from 0.
DOCUMENTS = """
INSERT INTO billing_document (kind, year, number, reference, customer_id, payer_id, party_id, issuer_id, issued_on,
    due_on, net, vat, total, reason, rounding)
SELECT 'invoice', %(year)s, %(n)s * %(customers)s + c.id, 'INV' || %(year)s || '-' || %(n)s * %(customers)s + c.id,
    c.id, c.id, p.id, %(issuer)s, %(first)s, %(first)s::date + 7, 520.00, 78.00, 598.00, '', 'line'
FROM customers_customer c JOIN billing_party p ON p.customer_id = c.id;
INSERT INTO billing_seal (seq, postings, prev, hash, at)
SELECT 1000 * %(n)s + s, 1, '', sha256((%(n)s || '/' || s)::bytea), %(first)s FROM generate_series(1, 1000) s
"""
LINES = """
INSERT INTO billing_documentline (document_id, description, quantity, price, discount, vat_rate, net, vat, total)
SELECT id, 'Uncapped fibre', 1, 520, 0, 15, net, vat, total FROM billing_document;
INSERT INTO billing_posting (source_key, document_id, posted_on, memo, digest, seal_id)
SELECT 'bench:' || id, id, issued_on, reference, '', 1 + id %% 1000 FROM billing_document;
INSERT INTO billing_line (posting_id, account_id, customer_id, posted_on, amount)
SELECT p.id, a.id, CASE WHEN k = 1 THEN d.customer_id END, d.issued_on,
    CASE k WHEN 1 THEN d.total WHEN 2 THEN -d.net ELSE -d.vat END
FROM billing_posting p JOIN billing_document d ON d.id = p.document_id
CROSS JOIN generate_series(1, 3) k JOIN numbered a ON a.number = k;
INSERT INTO core_event (at, kind, subject_type_id, subject_id, about_type_id, about_id, label, data, announced_at)
SELECT d.issued_on, 'invoice.issued', %(document_type)s, d.id, %(customer_type)s, d.customer_id, d.reference,
    jsonb_build_object('reference', d.reference, 'total', '598.00', 'due_on', d.due_on), d.issued_on
FROM billing_document d
"""
#: A twentieth paid nothing for four months, a tenth of the others owes the last month, too, half of them the present.
PAYMENTS = """
INSERT INTO billing_payment (year, number, receipt, payer_id, method, received_on, amount, reference, note, source_key,
    recorded_at, issuer_id, party_id)
SELECT year, number, 'REC' || year || '-' || number, payer_id, 'eft',
    least(issued_on + 5 + (payer_id %% 20)::int, %(today)s), total, reference, '', 'bench:' || id, now(), issuer_id,
    party_id
FROM billing_document
WHERE CASE WHEN payer_id %% 20 = 0 THEN issued_on < %(this)s::date - interval '3 months'
    WHEN issued_on = %(this)s THEN payer_id %% 2 = 0
    WHEN issued_on = %(this)s::date - interval '1 month' THEN payer_id %% 10 <> 3 ELSE true END;
INSERT INTO billing_posting (source_key, posted_on, memo, digest, seal_id)
SELECT 'payment:' || id || ':0', received_on, 'Payment ' || receipt, '', 1 + id %% 1000 FROM billing_payment;
INSERT INTO billing_paymentposting (payment_id, posting_id)
SELECT y.id, p.id FROM billing_payment y JOIN billing_posting p ON p.source_key = 'payment:' || y.id || ':0';
INSERT INTO billing_line (posting_id, account_id, customer_id, posted_on, amount)
SELECT o.posting_id, a.id, CASE a.code WHEN 'receivable' THEN y.payer_id END, y.received_on,
    CASE a.code WHEN 'receivable' THEN -y.amount ELSE y.amount END
FROM billing_payment y JOIN billing_paymentposting o ON o.payment_id = y.id
JOIN billing_account a ON a.code IN ('receivable', 'bank');
INSERT INTO billing_balance (customer_id, amount)
SELECT customer_id, sum(amount) FROM billing_line WHERE customer_id IS NOT NULL GROUP BY 1
"""
#: Every line uses something on every day; written in the order of the days, as it happens.
USAGE = """
INSERT INTO radius_usageday (data_account_id, day, upload_octets, download_octets)
SELECT id, %(day)s, 1000000 * (1 + id %% 97), 10000000 * (1 + (id + %(n)s) %% 197) FROM radius_dataaccount
"""
SESSIONS = """
INSERT INTO radius_session (key, incarnation, nas_id, data_account_id, username, acct_session_id, nas_port,
    calling_station_id, called_station_id, framed_ip, started_at, updated_at, stopped_at, seconds, upload_octets,
    download_octets, terminate_cause)
SELECT md5(k || '/' || id)::uuid, 1, %(nas)s, id, username, k || '-' || id, 'ether1', '02:00:00:00:00:01', 'pppoe',
    '10.0.0.0'::inet + id, began, began + interval '1 h', CASE WHEN k > 1 THEN began + interval '1 h' END, 3600,
    id * 1000, id * 10000, CASE WHEN k > 1 THEN 'User-Request' ELSE '' END
FROM (SELECT id, username, k, now() - k * interval '2 h' AS began
      FROM radius_dataaccount, generate_series(1, 4) k WHERE k > 1 OR id %% 2 = 0) history
"""
#: The cap of every month of those who have one; it is drawn from day by day until it is empty, then they are over it.
BUNDLES = """
INSERT INTO radius_databundle (data_account_id, kind, title, octets, drawn_octets, price, promotional, month,
    package_id, starts_at, expires_at, draws_from, origin_at, source, rolled_count, voided_reason, created_at)
SELECT a.id, 'monthly', %(title)s, p.cap_octets, 0, p.price, false, %(first)s, p.id, %(start)s, %(end)s, %(start)s,
    %(start)s, 'monthly:' || a.id || ':' || %(month)s, 0, '', %(start)s
FROM radius_dataaccount a JOIN radius_package p ON p.id = a.package_id WHERE p.cap_octets IS NOT NULL ORDER BY a.id;
INSERT INTO radius_draw (data_account_id, day, bundle_id, octets)
SELECT data_account_id, day, CASE WHEN k = 1 THEN id END, octets
FROM (
    SELECT u.data_account_id, u.day, b.id, k,
        CASE k WHEN 1 THEN least(used, b.octets) - least(used - u.octets, b.octets)
            ELSE greatest(used, b.octets) - greatest(used - u.octets, b.octets) END AS octets
    FROM (
        SELECT data_account_id, day, upload_octets + download_octets AS octets,
            sum(upload_octets + download_octets) OVER (PARTITION BY data_account_id ORDER BY day)::bigint AS used
        FROM radius_usageday WHERE day >= %(first)s AND day < %(after)s
    ) u
    JOIN radius_databundle b ON b.data_account_id = u.data_account_id AND b.month = %(first)s
    CROSS JOIN generate_series(1, 2) k
    ORDER BY u.day, u.data_account_id
) parted WHERE octets > 0;
UPDATE radius_databundle b SET drawn_octets = d.octets
FROM (SELECT bundle_id, sum(octets) AS octets FROM radius_draw
      WHERE day >= %(first)s AND day < %(after)s AND bundle_id IS NOT NULL GROUP BY 1) d
WHERE d.bundle_id = b.id
"""
#: What the counter keeps of the present month.
METERS = """
INSERT INTO radius_meteredspan (data_account_id, since, counts)
SELECT a.id, %(since)s, 'both' FROM radius_dataaccount a JOIN radius_package p ON p.id = a.package_id
WHERE p.cap_octets IS NOT NULL;
INSERT INTO radius_meter (data_account_id, month, limit_monthly_octets, limit_topup_octets, limit_rollover_octets,
    used_octets, over_octets, remaining_octets, remaining_topup_octets, exhausted_since, exhausted_until, holds_until,
    counted_at)
SELECT b.data_account_id, b.month, b.octets, 0, 0, b.drawn_octets + coalesce(d.octets, 0), coalesce(d.octets, 0),
    b.octets - b.drawn_octets, 0, CASE WHEN b.octets = b.drawn_octets THEN now() END,
    CASE WHEN b.octets = b.drawn_octets THEN b.expires_at END, b.expires_at, now()
FROM radius_databundle b
LEFT JOIN (SELECT data_account_id, sum(octets) AS octets FROM radius_draw
           WHERE day >= %(first)s AND bundle_id IS NULL GROUP BY 1) d ON d.data_account_id = b.data_account_id
WHERE b.month = %(first)s
"""
TABLES = (
    "radius_usagemonth", "radius_draw", "radius_usagemark", "radius_meteredspan", "radius_meter", "radius_databundle",
    "billing_payment", "billing_paymentposting",
    "billing_document", "billing_documentline", "billing_posting", "billing_line", "billing_seal", "billing_balance",
    "billing_party", "billing_recurringline", "core_event", "radius_usageday", "radius_session", "radius_dataaccount",
    "radius_package", "radius_service", "radius_nas", "customers_contact", "customers_customer", "groups_highsite",
    "groups_category", "groups_billinggroup", "groups_customergroup",
)  # fmt: skip
#: Made again after the rows: (table, constraint or index).
USAGE_KEY = "radius_usageday_account_day"


def fill(customers: int) -> None:
    """Fill the migrated database for so many customers, unless it is already."""
    wanted = f"{customers} {sorted(MigrationRecorder(connection).applied_migrations())}"
    if _marker() == wanted:
        say("the provider of the last run is still there")
        return
    started = time.monotonic()
    _sql("DROP TABLE IF EXISTS bench_filled")
    _sql(
        "SET session_replication_role = replica"
    )  # as a superuser: no trigger fires, no foreign key is checked
    _sql("SET maintenance_work_mem = '1GB'")
    _sql(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    _people(customers)
    say(f"{customers} customers after {time.monotonic() - started:.0f} s")
    _money(customers)
    say(f"{MONTHS} months of documents after {time.monotonic() - started:.0f} s")
    _usage()
    say(f"and of usage after {time.monotonic() - started:.0f} s")
    _bundles()
    say(f"and of bundles after {time.monotonic() - started:.0f} s")
    _sql("SET session_replication_role = origin")
    _sql("VACUUM ANALYZE")
    for first in _months():
        usage_months.store(clock.month_of(first))
    _sql("VACUUM ANALYZE radius_usagemonth")
    say(f"months added up after {time.monotonic() - started:.0f} s")
    _sql("CREATE TABLE bench_filled (wanted text)")
    _sql("INSERT INTO bench_filled VALUES (%(wanted)s)", wanted=wanted)
    _sql("CHECKPOINT")
    say(f"ready after {time.monotonic() - started:.0f} s")


def _people(count: int) -> None:
    rnd, made = random.Random(1), clock.now()
    first_names, last_names, streets, towns = (words.split() for words in (FIRST, LAST, STREETS, TOWNS))
    groups = [CustomerGroup.objects.create(title=f"{towns[n % 10]} {n:02}").pk for n in range(GROUPS)]
    runs = [BillingGroup.objects.create(title=f"Netcash Run {n}").pk for n in range(1, 6)]
    tags = [Category.objects.create(title=f"Category {n:02}") for n in range(12)]
    sites = [HighSite.objects.create(name=f"{town} hill").pk for town in towns]
    nas = Nas.objects.create(name="Bench", address="127.0.0.1", secret="bench")  # noqa: S106
    packages = [_package(n).pk for n in range(20)]
    secret = secrets.encrypt(b"bench")

    def customers() -> Iterator[dict[str, Any]]:
        for n in range(1, count + 1):
            first, last = rnd.choice(first_names), rnd.choice(last_names).replace("_", " ")
            street, town = rnd.choice(streets), rnd.choice(towns)
            yield {
                "id": n, "code": f"{first[:3].upper()}{n:06}", "name": f"{first} {last}", "id_number": b"",
                "phone": f"021 {n // 10_000:03} {n % 10_000:04}", "group": groups[n % GROUPS],
                "billing_group": runs[n % 5], "high_site": sites[n % 10], "vip": n % 50 == 0,
                "physical_address": f"{n} {street} Street\n{town}", "created_at": made - timedelta(days=400),
            }  # fmt: skip

    def contacts() -> Iterator[dict[str, Any]]:
        for row in Customer.objects.order_by("pk").values("pk", "name").iterator():
            n = row["pk"]
            mail = f"{row['name'].lower().replace(' ', '.')}{n}@example.test"
            mobile = f"+27 82 {n // 10_000:03} {n % 10_000:04}"
            yield {
                "customer": n,
                "name": row["name"],
                "email": mail,
                "mobile": mobile,
                "primary": True,
                "id": n,
            }

    copy_rows(Customer, customers())
    copy_rows(Contact, contacts())
    copy_rows(
        DataAccount,
        ({"id": n, "customer": n, "username": f"sub{n:07}@isp.test", "secret": secret, "package": packages[n % 20],
          "starts_on": date(2024, 1, 1), "created_at": made} for n in range(1, count + 1)),
    )  # fmt: skip
    copy_rows(
        RecurringLine,
        ({"id": n, "customer": n, "description": "Uncapped fibre", "price": 520, "quantity": 1, "data_account": n,
          "starts_on": date(2024, 1, 1)} for n in range(1, count + 1)),
    )  # fmt: skip
    Customer.categories.through.objects.bulk_create(
        [
            Customer.categories.through(customer_id=n, category_id=rnd.choice(tags).pk)
            for n in range(1, count + 1)
        ],
        batch_size=5000,
    )
    restart_numbering(Customer, Contact, DataAccount, RecurringLine)
    _sql(SESSIONS, nas=nas.pk)


def _package(number: int) -> Package:
    service = Service.objects.create(
        code=f"b{number}", title=f"Bench {number}", down_kbps=20_000, up_kbps=10_000
    )
    cap = 25 * 10**9 * (number % 3) or None
    soft = number % 3 == 2
    return Package.objects.create(
        title=f"{10 * (number + 1)}Mb/s Uncapped",
        service=service,
        price=598,
        cap_octets=cap,
        cap_kind=CapKind.SOFT if soft else CapKind.HARD if cap else CapKind.UNCAPPED,
        service_once_capped=service if soft else None,
    )


def _money(customers: int) -> None:
    from django.contrib.contenttypes.models import ContentType

    from billing.documents.addressing import issuer
    from billing.models import BillingSettings, Document

    _sql(
        "CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) AS number FROM billing_account"
    )
    _sql(
        "INSERT INTO billing_party (customer_id, name, address, vat_number, digest)"
        " SELECT id, name, physical_address, '', sha256(code::bytea) FROM customers_customer"
    )
    by = issuer(BillingSettings.get()).pk
    for n, first in enumerate(_months()):
        _sql(DOCUMENTS, n=n, first=first, year=first.year, customers=customers, issuer=by)
    types = {
        "document_type": ContentType.objects.get_for_model(Document).pk,
        "customer_type": ContentType.objects.get_for_model(Customer).pk,
    }
    _sql(LINES, **types)
    _sql(PAYMENTS, this=_months()[-1], today=clock.local_day(clock.now()))


def _usage() -> None:
    for month in _months():
        for table in partitions.DAILY:
            with transaction.atomic():
                partitions.create(table, month)
    _sql(f"ALTER TABLE radius_usageday DROP CONSTRAINT {USAGE_KEY}")
    today, day = clock.local_day(clock.now()), _months()[0]
    n = 0
    while day <= today:
        _sql(USAGE, day=day, n=n)
        day, n = day + timedelta(days=1), n + 1
    _sql(f"ALTER TABLE radius_usageday ADD CONSTRAINT {USAGE_KEY} UNIQUE (data_account_id, day)")


def _bundles() -> None:
    first = _months()[0]
    for first in _months():
        after = clock.add_months(first, 1)
        _sql(BUNDLES, title=f"{first:%B %Y}", first=first, after=after, month=f"{first:%Y-%m}",
             start=clock.day_start(first), end=clock.day_start(after))  # fmt: skip
    _sql(METERS, first=first, since=clock.day_start(_months()[0]))


def _months() -> list[date]:
    """The first days of the last thirteen months, the present one the last of them."""
    this = clock.local_day(clock.now()).replace(day=1)
    return [clock.add_months(this, n - MONTHS + 1) for n in range(MONTHS)]


def _marker() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_filled') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return ""
        cursor.execute("SELECT wanted FROM bench_filled")
        return str((cursor.fetchone() or [""])[0])


def _sql(statements: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        for statement in statements.split(";"):
            cursor.execute(statement, values or None)


def say(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)
