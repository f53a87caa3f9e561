"""Loads the demonstration: its customers, two months of usage and invoices, through the product's own acts."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction

from billing import sweeps as billing_sweeps
from billing.drafts import writing
from billing.drafts.writing import LineValues, Written
from billing.models import Product, RecurringLine
from billing.runs import monthly, planning
from customers.accounts import gates
from customers.accounts.onboarding import NewCustomer, add_customer
from customers.models import Customer, CustomerType, GateKind, Note
from customers.relations import linking
from groups.models import BillingGroup, Category, CustomerGroup, HighSite
from ispbilling.core import events
from ispbilling.core.clock import Period, add_months, day_start, local_day, month_of
from ispbilling.core.models import Event, Provider
from ispbilling.demo import calling, content, data_sales, debiting, network, paying, rolling
from radius.accounts import lines
from radius.accounts.models import Medium
from radius.bundles import granting, settling
from radius.changes import changing
from radius.changes.changing import Wanted
from radius.models import BundleKind, CapKind, DataAccount, Nas, Package, Service, TopupGroup, TopupType
from radius.nas.secrets import generate_secret


def is_empty() -> bool:
    """Whether nobody has used this database yet."""
    return not (Customer.objects.exists() or CustomerGroup.objects.exists() or Nas.objects.exists())


def load(now: datetime) -> dict[str, int]:
    """Make everything; returns counts for the message. Call it on an empty database only."""
    rng = random.Random(20)  # noqa: S311 - the same demonstration every time
    month = month_of(local_day(now))
    start = add_months(month.start, -1)
    with transaction.atomic():
        _provider()
        people = _people(start, now)
        routers = network.nases(list(HighSite.objects.order_by("pk")), now)
        Event.objects.unannounced().update(announced_at=now)  # nobody here has a mailbox
    accounts = list(DataAccount.objects.filter(customer__in=people).order_by("pk"))
    sessions = network.usage(accounts, routers, start, now, rng)
    _bundles(accounts, now)
    calling.call(people, start, now)
    for first in (start, month.start):
        _invoice(first, now)
    debiting.collect(people, start, now)
    paying.pay(people, now)
    paying.pay_online(people, now)
    data_sales.sell(people, now)
    rolling.choose(people, now)
    _troubles(people, now)
    network.trouble(accounts, routers, now)
    _changes(accounts, now)
    network.speed_tests(accounts, now, rng)
    _company(people, now)
    _draft(people, now)
    Event.objects.unannounced().update(announced_at=now)
    return {"customers": len(people), "sessions": sessions}


def _provider() -> None:
    provider = Provider.get()
    for name, value in content.PROVIDER.items():
        setattr(provider, name, value)
    provider.demonstration = True
    provider.save(update_fields=[*content.PROVIDER, "demonstration"])
    events.record("demo.loaded", provider)


def _people(start: date, now: datetime) -> list[Customer]:
    groups = [
        CustomerGroup.objects.create(title=title, description=text, sort_order=n, **extra)
        for n, (title, text, extra) in enumerate(content.GROUPS)
    ]
    runs = [BillingGroup.objects.create(title=title, debit_day=day) for title, day in content.BILLING_GROUPS]
    categories = [Category.objects.create(title=title, colour=colour) for title, colour in content.CATEGORIES]
    sites = [
        HighSite.objects.create(name=name, latitude=Decimal(lat), longitude=Decimal(lng))
        for name, lat, lng in content.HIGH_SITES
    ]
    packages, products = _packages(), _products()
    made = []
    for n, who in enumerate(content.PEOPLE):
        customer = add_customer(
            NewCustomer(
                group=groups[who.group],
                name=who.name,
                type=CustomerType.COMPANY if who.company else CustomerType.INDIVIDUAL,
                contact_name="" if not who.company else f"Manager of {who.name}",
                phone=f"+27 23 000 {n:04}",
                mobile=f"+2782000{n:04}",
                email=f"customer{n + 1}@{content.REALM}",
                billing_group=runs[n % 2],
                categories=[categories[n % 3]] if n % 4 else [],
                high_site=sites[n % 2],
                physical_address=f"{who.street}\nPrince Albert\n6930",
                welcome=False,
                demonstration=True,
            ),
            now,
            actor=None,
        )
        made.append(customer)
        _line(customer, packages[who.package], start, now)
        if who.company:
            RecurringLine.objects.create(
                customer=customer, product=products[0], description=products[0].title, starts_on=start
            )
    # As if they had come when their first line started, so that "new this month" says something.
    Customer.objects.filter(pk__in=[one.pk for one in made[:-3]]).update(created_at=day_start(start))
    return made


def _bundles(accounts: list[DataAccount], now: datetime) -> None:
    """What capped lines hold this month, and a top-up that one bought."""
    settling.settle([one.pk for one in accounts], now)
    capped = [one for one in accounts if one.package.cap_octets is not None]
    for one in capped[:1]:
        title, octets, price, days = content.TOPUPS[1]
        granting.grant(
            one, BundleKind.TOPUP, octets, now, source=f"demonstration:{one.pk}", title=title, price=price,
            expires_at=now + timedelta(days=days or 30),
        )  # fmt: skip


def _packages() -> list[Package]:
    services = {
        code: Service.objects.create(code=code, title=title, down_kbps=down, up_kbps=up)
        for code, title, down, up in content.SERVICES
    }
    group = TopupGroup.objects.create(title=content.TOPUP_GROUP)
    for title, octets, price, days in content.TOPUPS:
        TopupType.objects.create(group=group, title=title, octets=octets, price=price, validity_days=days)
    return [
        Package.objects.create(
            title=title,
            service=services[code],
            cap_kind=CapKind.UNCAPPED if cap is None else CapKind.SOFT if slower else CapKind.HARD,
            cap_octets=cap,
            service_once_capped=services[slower] if slower else None,
            topup_group=group,
            add_overusage_on_topup=True,
            price=price,
        )
        for title, code, cap, slower, price in content.PACKAGES
    ]


def _products() -> list[Product]:
    return [
        Product.objects.create(
            title=title, price=price, frequency=months, gl_code=code, income_account="Other income"
        )
        for title, price, months, code in content.PRODUCTS
    ]


def _line(customer: Customer, package: Package, start: date, now: datetime) -> None:
    account = DataAccount(
        customer=customer,
        username=f"{customer.code.lower()}@{content.REALM}",
        secret=generate_secret(),
        package=package,
        medium=Medium.FIBRE if package.service.down_kbps >= 50_000 else Medium.WIRELESS,
        starts_on=start,
    )
    lines.add(account, now, actor=None)
    RecurringLine.objects.create(
        customer=customer, data_account=account, description=package.title, starts_on=start
    )


def _changes(accounts: list[DataAccount], now: datetime) -> None:
    """Package changes, of today and planned for the first of next month."""
    packages = {package.title: package for package in Package.objects.all()}
    following = add_months(local_day(now).replace(day=1), 1)
    for who, title, at_once, comment in content.CHANGES:
        on = local_day(now) if at_once else following
        changing.schedule(Wanted(accounts[who], packages[title], on, comment), now, actor=None)


def _draft(people: list[Customer], now: datetime) -> None:
    """An invoice that somebody began to write."""
    lines = [
        LineValues("Call-out", Decimal(1), Decimal("450.00")),
        LineValues("Wireless receiver, outdoor", Decimal(2), Decimal("1290.00"), Decimal(10)),
    ]
    writing.add(Written(people[0], None, lines), uuid4(), now, actor=None)


def _invoice(first: date, now: datetime) -> None:
    """Bill a month as staff would: plan, approve, issue."""
    period = Period(first, add_months(first, 1))
    run = planning.plan(planning.Asked(period, issue_on=first), now, actor=None)
    monthly.approve(run, now, actor=None)
    billing_sweeps.issue_runs(now).apply(now)


def _troubles(people: list[Customer], now: datetime) -> None:
    """Something to look at: one suspended, one leaving."""
    gates.close(
        people[content.SUSPENDED],
        GateKind.SUSPENDED,
        now,
        actor=None,
        reason="Demonstration: an invoice is overdue",
        since=now - timedelta(hours=3),
    )
    last = month_of(local_day(now)).last
    gates.cancel(
        people[content.LEAVING], last, now, actor=None, reason="Demonstration: moves to another town"
    )


def _company(people: list[Customer], now: datetime) -> None:
    """A master account with its sub-account, and what staff noted."""
    wonderland, grammy, frikkie = people[18], people[7], people[1]
    linking.link(wonderland, linking.Links(is_master=True), now, actor=None)
    linking.attach(grammy, master=wonderland, now=now, actor=None)
    Note.objects.create(customer=wonderland, text=content.NOTES[0], pinned=True, written_at=now)
    Note.objects.create(customer=frikkie, text=content.NOTES[1], written_at=now)
