"""Keyword builders with defaults: what a test does not mention does not matter to it."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from billing import sweeps
from billing.accounting import making as exports
from billing.accounting import mapping
from billing.accounting.mapping import Pot, Target
from billing.accounting.packages import PACKAGES
from billing.accounting.packages import Package as AccountingPackage
from billing.archives import making
from billing.data_sales import selling, switching
from billing.data_sales.models import SaleWay
from billing.data_sales.selling import Order
from billing.data_sales.switching import Wanted
from billing.documents import adjusting, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.adjusting import Asked as Asking
from billing.documents.issuing import Draft, Item
from billing.documents.models import DocumentKind
from billing.drafts import writing
from billing.drafts.writing import LineValues, Written
from billing.gateways import accounts, checkouts
from billing.gateways.checkouts import Wish
from billing.gateways.models import Outcome
from billing.models import (
    Account,
    AccountingExport,
    Checkout,
    CostingModel,
    Document,
    GatewayAccount,
    GatewayDelivery,
    InvoiceDraft,
    Payment,
    PhoneCostingModel,
    PhoneNumber,
    PhoneRate,
    PrepaidSwitch,
    Product,
    RecurringLine,
    Run,
    RunArchive,
    Simulation,
    TopupSale,
)
from billing.payments import receiving
from billing.payments.receiving import Money
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from billing.simulating import working
from billing.simulating.question import Question
from customers.files import attaching
from customers.models import (
    Attachment,
    ChangeRequest,
    Contact,
    Customer,
    CustomerRequest,
    Note,
    PortalLogin,
    Purpose,
    Rating,
    SubjectExport,
)
from customers.requests import answering, asking, fields
from groups.models import CustomerGroup
from ispbilling.core.clock import day_start, local_day, month_of, now
from ispbilling.core.models import AccountingSystem, Provider, Role, User
from ispbilling.core.units import GB
from ispbilling.protection import exporting
from notifications.models import Message
from radius.bundles import granting, settling
from radius.models import (
    AuthAttempt,
    CapKind,
    DataAccount,
    DataBundle,
    DataTransfer,
    DecisionFacts,
    Nas,
    Package,
    PackageChange,
    ReplyAttribute,
    Service,
    Session,
    TopupGroup,
    TopupType,
)
from radius.rolling import transferring
from radius.rolling.models import Door
from radius.rolling.transferring import Wish as Transfer

_next = count(1)
PASSWORD = "correct horse battery"  # noqa: S105 - of test users only


def staff(role: Role = Role.MANAGER, **kwargs: Any) -> User:
    n = next(_next)
    user = User(**{"username": f"{role}{n}", "email": f"{role}{n}@isp.test", "role": role, **kwargs})
    user.set_password(PASSWORD)
    user.save()
    return user


def group(**kwargs: Any) -> CustomerGroup:
    return CustomerGroup.objects.create(**{"title": f"Group {next(_next)}", **kwargs})


def customer(**kwargs: Any) -> Customer:
    """A customer with one primary contact; `email` and `mobile` go to the contact. Who is given as its master
    or reseller becomes one."""
    n = next(_next)
    for side, mark in (("master", "is_master"), ("reseller", "is_reseller")):
        if other := kwargs.get(side):
            Customer.objects.filter(pk=other.pk).update(**{mark: True})
            setattr(other, mark, True)
    contact = {
        "email": kwargs.pop("email", f"customer{n}@example.test"),
        "mobile": kwargs.pop("mobile", "+27821234567"),
    }
    kwargs.setdefault("group", CustomerGroup.objects.first() or group())
    made = Customer.objects.create(
        **{"code": f"CUS{n:03}", "name": f"Customer {n}", "created_at": now(), **kwargs}
    )
    Contact.objects.create(customer=made, name=made.contact_name or made.name, primary=True, **contact)
    return made


def note(**kwargs: Any) -> Note:
    kwargs.setdefault("customer", Customer.objects.first() or customer())
    return Note.objects.create(**{"text": "Beware of the dog.", "written_at": now(), **kwargs})


def picture(
    form: str = "PNG", size: tuple[int, int] = (40, 30), colour: str = "teal", **kwargs: Any
) -> bytes:
    """The bytes of a picture."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, form, **kwargs)
    return file.getvalue()


def attachment(content: bytes | None = None, name: str = "roof.png", **kwargs: Any) -> Attachment:
    """A file of a customer, kept as the product keeps it."""
    upload = SimpleUploadedFile(name, picture() if content is None else content)
    return attaching.attach(
        kwargs.pop("customer", None) or Customer.objects.first() or customer(),
        upload,
        kwargs.pop("at", None) or now(),
        actor=kwargs.pop("actor", None),
        **kwargs,
    )


def customer_request(purpose: Purpose = Purpose.UPDATE, **kwargs: Any) -> CustomerRequest:
    """A link on its way to a customer."""
    of = kwargs.pop("customer", None) or Customer.objects.first() or customer()
    return asking.ask(
        of, purpose, kwargs.pop("at", None) or now(), actor=kwargs.pop("actor", None) or staff()
    )


def change_request(**kwargs: Any) -> ChangeRequest:
    """A customer's answer that asks for changes; `kwargs` are the new values."""
    of = kwargs.pop("customer", None) or customer()
    token = asking.token(customer_request(customer=of))
    return answering.update(token, fields.values(of), kwargs or {"phone": "021 555 0199"}, "", now())


def rating(score: int = 1, comment: str = "Too slow", **kwargs: Any) -> Rating:
    """A customer's rating, bad unless it says otherwise."""
    of = kwargs.pop("customer", None) or customer()
    return answering.rate(asking.token(customer_request(Purpose.RATING, customer=of)), score, comment, now())


def subject_export(**kwargs: Any) -> SubjectExport:
    """A finished export, with its zip."""
    of = kwargs.pop("customer", None) or Customer.objects.first() or customer()
    exporting.ask(of, "asked by letter", now(), actor=kwargs.pop("actor", None) or staff(Role.OWNER))
    exporting.plan(now()).apply(now())
    return of.exports.first()


def portal_user(of: Customer, **kwargs: Any) -> User:
    user = staff(
        Role.RESELLER if of.is_reseller else Role.CUSTOMER, **{"username": of.code.lower(), **kwargs}
    )
    PortalLogin.objects.create(user=user, customer=of, primary=not of.portal_logins.exists())
    return user


def service(**kwargs: Any) -> Service:
    n = next(_next)
    return Service.objects.create(
        **{"code": f"S{n}", "title": f"Service {n}", "down_kbps": 20_000, "up_kbps": 10_000, **kwargs}
    )


def package(**kwargs: Any) -> Package:
    """A package with a hard cap; `cap_octets=None` is uncapped."""
    kwargs.setdefault("service", Service.objects.first() or service())
    cap = kwargs.setdefault("cap_octets", 100 * GB)
    kwargs.setdefault("cap_kind", CapKind.UNCAPPED if cap is None else CapKind.HARD)
    return Package.objects.create(**{"title": f"Package {next(_next)}", "price": Decimal("599.00"), **kwargs})


def topup_type(**kwargs: Any) -> TopupType:
    """10 GB for a month, in the first group there is."""
    kwargs.setdefault("group", TopupGroup.objects.first() or TopupGroup.objects.create(title="Home top-ups"))
    return TopupType.objects.create(
        **{"title": f"Top-up {next(_next)}", "octets": 10 * GB, "price": Decimal("99.00"), **kwargs}
    )


def nas(**kwargs: Any) -> Nas:
    """A NAS on loopback that need not sign, whatever it did before."""
    n = next(_next)
    return Nas.objects.create(
        **{
            "name": f"NAS {n}",
            "address": "127.0.0.1",
            "secret": "testing123",
            "message_authenticator": "observe",
            **kwargs,
        }
    )


def data_account(**kwargs: Any) -> DataAccount:
    kwargs.setdefault("customer", Customer.objects.first() or customer())
    kwargs.setdefault("package", Package.objects.first() or package())
    n = next(_next)
    return DataAccount.objects.create(
        **{
            "username": f"user{n}@isp.test",
            "secret": "wire-secret",
            "starts_on": date(2026, 1, 1),
            "created_at": now(),
            **kwargs,
        }
    )


def package_change(**kwargs: Any) -> PackageChange:
    """Scheduled for tomorrow, to another package."""
    account = kwargs.get("data_account") or data_account()
    tomorrow = local_day(now()) + timedelta(days=1)
    return PackageChange.objects.create(
        **{
            "data_account": account,
            "from_package": account.package,
            "to_package": package(),
            "activates_on": tomorrow,
            "activates_at": day_start(tomorrow),
            "created_at": now(),
            **kwargs,
        }
    )


def data_bundle(of: DataAccount | None = None, gb: int = 10, **kwargs: Any) -> DataBundle:
    """A top-up that was paid for, valid for 30 days."""
    at = kwargs.pop("at", None) or now()
    told = {"source": f"test:{next(_next)}", "price": Decimal("99.00"), "expires_at": at + timedelta(days=30)}
    line = of or data_account(package=Package.objects.exclude(cap_octets=None).first() or package())
    settling.settle([line.pk], at)
    return granting.grant(line, kwargs.pop("kind", "topup"), gb * GB, at, **{**told, **kwargs})


def data_transfer(**kwargs: Any) -> DataTransfer:
    """Half of a top-up that went to another line."""
    bundle = kwargs.pop("bundle", None) or data_bundle()
    to = kwargs.pop("to", None) or data_account(customer=customer())
    settling.settle([to.pk], now())
    wish = Transfer(bundle, to, kwargs.pop("octets", bundle.octets // 2), uuid4(), Door.STAFF)
    return transferring.transfer(wish, now(), actor=kwargs.pop("actor", None))


def reply_attribute(**kwargs: Any) -> ReplyAttribute:
    return ReplyAttribute.objects.create(**{"name": "Idle-Timeout", "value": "600", **kwargs})


def recurring_line(**kwargs: Any) -> RecurringLine:
    kwargs.setdefault("customer", Customer.objects.first() or customer())
    if "data_account" not in kwargs and "product" not in kwargs:
        kwargs.setdefault("price", Decimal("599.00"))
    return RecurringLine.objects.create(
        **{"description": "Uncapped fibre 20 Mb/s", "starts_on": date(2026, 1, 1), **kwargs}
    )


def costing_model(**kwargs: Any) -> CostingModel:
    return CostingModel.objects.create(**{"title": f"Price list {next(_next)}", **kwargs})


def phone_model(*rates: tuple[str, str], **kwargs: Any) -> PhoneCostingModel:
    """A phone costing model with rates as (prefix, price per minute)."""
    made = PhoneCostingModel.objects.create(**{"title": f"Call rates {next(_next)}", **kwargs})
    PhoneRate.objects.bulk_create(
        PhoneRate(model=made, prefix=prefix, destination=f"To {prefix}", per_minute=Decimal(price))
        for prefix, price in rates
    )
    return made


def phone_number(identity: str = "", **kwargs: Any) -> PhoneNumber:
    """A number of a customer, with nothing left to be priced."""
    identity = identity or f"2721555{next(_next):04}"
    kwargs.setdefault("customer", Customer.objects.first() or customer())
    return PhoneNumber.objects.create(
        **{
            "identity": identity,
            "label": identity,
            "starts_on": date(2026, 1, 1),
            "stale": False,
            **kwargs,
        }
    )


def product(**kwargs: Any) -> Product:
    return Product.objects.create(**{"title": f"Product {next(_next)}", "price": Decimal("50.00"), **kwargs})


def run(**kwargs: Any) -> Run:
    """The preview of this month for whoever has a recurring line; somebody has."""
    if not RecurringLine.objects.exists():
        recurring_line()
    today = local_day(now())
    return plan(Asked(month_of(today), today), now(), actor=None, **kwargs)


def issued_run(**kwargs: Any) -> Run:
    """The run of this month, issued."""
    made = run(**kwargs)
    monthly.approve(made, now(), actor=None)
    sweeps.issue_runs(now()).apply(now())
    made.refresh_from_db()
    return made


def simulation(**kwargs: Any) -> Simulation:
    """A question about everybody, not answered yet; somebody has a line."""
    if not RecurringLine.objects.exists():
        recurring_line()
    asked = Question("vat", 0, Decimal(16), local_day(now()))
    return working.ask(asked, now(), actor=None, **kwargs)


def run_archive(**kwargs: Any) -> RunArchive:
    """The finished zip of an issued run."""
    made = making.ask(issued_run(), now(), actor=None, **kwargs)
    sweeps.run_archives(now()).apply(now())
    made.refresh_from_db()
    return made


def chart(system: AccountingSystem = AccountingSystem.XERO) -> AccountingPackage:
    """The accounting package chosen, with a code for every account."""
    Provider.objects.update(accounting_system=system)
    package = PACKAGES[system]
    codes = {
        Pot(code): Target(f"{n}00", "No VAT")
        for n, code in enumerate(Account.objects.values_list("code", flat=True), 1)
    }
    mapping.store(package, codes, now(), actor=None)
    return package


def accounting_export(**kwargs: Any) -> AccountingExport:
    """The journals of a customer's invoice, made."""
    package = kwargs.pop("package", None) or chart()
    on = local_day(now())
    invoice(customer(), on=on)
    made = exports.ask(package, on, on, now(), actor=None)
    sweeps.accounting_exports(now()).apply(now())
    made.refresh_from_db()
    return made


def invoice(
    of: Customer,
    net: str = "100.00",
    vat: str = "15.00",
    on: date = date(2026, 11, 1),
    payer: Customer | None = None,
) -> Document:
    """An invoice of one line, issued as the product issues; paid by `of` unless somebody else is named."""
    payer = payer or of
    draft = Draft(
        kind=DocumentKind.INVOICE,
        customer_id=of.pk,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=on + timedelta(days=7),
        items=(
            Item(
                "Installation",
                Decimal(1),
                Decimal(net) + Decimal(vat),
                Decimal(15),
                Decimal(net),
                Decimal(vat),
            ),
        ),
        source_key=f"test:{next(_next)}",
    )
    with transaction.atomic():
        return issuing.issue([draft], on, now())[0]


def adjustment(of: Customer | None = None, amount: str = "50.00", **kwargs: Any) -> Document:
    """An adjustment of what a customer owes, dated today."""
    day = kwargs.pop("on", None) or local_day(now())
    asked = Asking(day, kwargs.pop("reason", "agreed by telephone"), kwargs.pop("token", None) or uuid4())
    return adjusting.adjust(of or customer(), Decimal(amount), asked, now(), actor=kwargs.pop("actor", None))


def draft(of: Customer | None = None, *lines: LineValues, **kwargs: Any) -> InvoiceDraft:
    """A draft invoice, of one line unless lines are given."""
    typed = lines or (LineValues("Installation", Decimal(1), Decimal("1150.00")),)
    written = Written(of or customer(), kwargs.pop("issue_on", None), typed)
    token = kwargs.pop("token", None) or uuid4()
    return writing.add(written, token, now(), actor=kwargs.pop("actor", None))


def payment(
    of: Customer | None, amount: str = "100.00", on: date = date(2026, 11, 10), **kwargs: Any
) -> Payment:
    """Money received; without a customer it waits in suspense."""
    kwargs.setdefault("source_key", f"test:{next(_next)}")
    return receiving.receive(Money(Decimal(amount), on, payer=of, **kwargs), now(), actor=None)


#: PayFast's own sandbox merchant, as its documentation shows it.
MERCHANT = {"merchant_id": "10000100", "merchant_key": "46f0cd694581a", "passphrase": "jt7NOE43FZPn"}


def gateway(**values: Any) -> GatewayAccount:
    """PayFast switched on."""
    account = GatewayAccount.objects.get(name="payfast")
    told = {"enabled": True, "sandbox": False, **MERCHANT, **values}
    return accounts.configure(account, told, actor=None)


def checkout(of: Customer | None = None, amount: str = "115.00", **kwargs: Any) -> Checkout:
    """Somebody went to pay online."""
    gateway()
    wish = Wish(of or customer(), Decimal(amount), uuid4(), kwargs.pop("document", None))
    return checkouts.begin(wish, kwargs.pop("at", now()), actor=None)


def delivery(about: Checkout, outcome: Outcome = Outcome.NOTED, **kwargs: Any) -> GatewayDelivery:
    """Something a gateway told of it."""
    told = {"external_id": f"{next(_next)}", "status": "PENDING", "kind": "pending", "source": "127.0.0.1"}
    return GatewayDelivery.objects.create(
        **{
            "gateway": about.gateway,
            "received_at": now(),
            "checkout": about,
            **told,
            "outcome": outcome,
            **kwargs,
        }
    )


def session(**kwargs: Any) -> Session:
    """An open session with a little traffic; pass `stopped_at` for one that has ended."""
    n = next(_next)
    if account := kwargs.get("data_account"):
        kwargs.setdefault("username", account.username)
    started = kwargs.setdefault("started_at", now() - timedelta(hours=1))
    return Session.objects.create(
        **{
            "key": uuid4(),
            "username": f"user{n}@isp.test",
            "acct_session_id": f"81a{n:05}",
            "updated_at": started,
            "download_octets": 3 * GB,
            "upload_octets": GB,
            **kwargs,
        }
    )


def message(**kwargs: Any) -> Message:
    """A mail that waits for its turn."""
    kwargs.setdefault("customer", Customer.objects.first() or customer())
    return Message.objects.create(
        **{
            "dedupe_key": f"test:{next(_next)}",
            "kind": "cancellation_cleared",
            "channel": "email",
            "to_address": "alice@example.test",
            "subject": "Your service goes on",
            "body_text": "Your service goes on.\n",
            "body_html": "<p>Your service goes on.</p>",
            "next_attempt_at": now(),
            "created_at": now(),
            **kwargs,
        }
    )


def auth_attempt(trace: list[Any] | None = None, **kwargs: Any) -> AuthAttempt:
    """A login that was refused; with a trace it is kept what it was decided from."""
    n = next(_next)
    if trace is not None:
        account = kwargs.get("data_account")
        kwargs["facts"] = DecisionFacts.objects.create(
            digest=uuid4(), data_account=account, trace=trace, day=now().date()
        )
    return AuthAttempt.objects.create(
        **{"at": now(), "username": f"user{n}@isp.test", "code": "UNKNOWN_USER", **kwargs}
    )


def topup_line(**kwargs: Any) -> DataAccount:
    """A data account whose package (`package` as keywords) sells a top-up of 10 GB for R 99.00, valid 30 days."""
    sold = topup_type(validity_days=30)
    return data_account(package=package(topup_group=sold.group, **kwargs.pop("package", {})), **kwargs)


def topup_sale(line: DataAccount | None = None, **kwargs: Any) -> TopupSale:
    """A top-up that staff sold."""
    account = line or topup_line()
    order = Order(account, account.package.topup_group.types.first(), SaleWay.STAFF, f"test:{next(_next)}")
    return selling.sell(order, kwargs.pop("at", None) or now(), actor=kwargs.pop("actor", None), **kwargs)


def prepaid_switch(line: DataAccount | None = None, **kwargs: Any) -> PrepaidSwitch:
    """A switch to prepaid, at the end of the month unless `on` says otherwise."""
    at = kwargs.pop("at", None) or now()
    on = kwargs.pop("on", None) or switching.first_of_next_month(at)
    wanted = Wanted(line or topup_line(), True, on, f"test:{next(_next)}", **kwargs)
    return switching.request(wanted, at, actor=None, on_debt=True)


#: What the page of the provider sends of a tab that is left as it is.
DATA_TAB = {"data-rollover_months": "0", "data-rollover_topup_months": "0", "data-group_months": "1"}
