"""Automatic top-ups: bought when data runs low, by consent, up to a limit; and grace."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.data_sales import automatic, grace, selling
from billing.data_sales.automatic import Terms
from billing.data_sales.models import AutoTopup, DataSalesSettings, SaleWay, TopupSale
from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from ispbilling.core.units import GB, MB
from radius.bundles import counting, granting, remaining
from radius.models import DataAccount, OutOfBundleConsent, TopupType, UsageDay
from radius.rolling import consenting
from radius.rolling.models import Door
from tests import builders

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def line() -> DataAccount:
    made = builders.topup_line(customer=builders.customer(), package={"add_overusage_on_topup": True})
    granting.ensure_monthly(made, NOW.date(), NOW)
    return made


def agree(line: DataAccount, limit: int = 200, when_left: int = GB, at: datetime = NOW) -> AutoTopup:
    terms = Terms(TopupType.objects.get(), Decimal(limit), when_left)
    return automatic.switch_on(line, terms, at, actor=None, door=Door.STAFF, said="by telephone")


def use(line: DataAccount, octets: int, at: datetime = NOW) -> None:
    row, _ = UsageDay.objects.get_or_create(data_account=line, day=at.date())
    row.download_octets += octets
    row.save(update_fields=["download_octets"])
    counting.count([line.pk], at, since=at.date())


def sweep(at: datetime = NOW) -> int:
    return sweeps.automatic_topups(at).apply(at).applied


def bought() -> int:
    return TopupSale.objects.filter(way=SaleWay.AUTOMATIC).count()


def events(verb: str) -> int:
    return Event.objects.filter(kind=f"auto_topup.{verb}").count()


def test_nothing_is_bought_without_consent(line: DataAccount) -> None:
    use(line, 100 * GB)
    assert (sweep(), bought()) == (0, 0)


def test_it_buys_when_data_runs_low_and_stops_at_the_limit_of_the_month(line: DataAccount) -> None:
    agree(line)
    use(line, 98 * GB)
    assert (sweep(), bought()) == (0, 0)
    use(line, 1 * GB)
    assert [sweep(), sweep()] == [1, 0]
    assert (bought(), remaining.left(line, NOW)) == (1, 11 * GB)
    use(line, 11 * GB)
    assert sweep() == 1
    use(line, 10 * GB)
    assert [sweep(), sweep()] == [1, 0]  # it says that the limit is reached, once
    assert (bought(), automatic.bought(line, NOW), events("limit_reached")) == (2, Decimal(198), 1)
    december = datetime(2026, 12, 1, 10, tzinfo=UTC)
    granting.ensure_monthly(line, december.date(), december)
    assert sweep(december) == 0
    use(line, 110 * GB, december)
    assert (sweep(december), bought()) == (1, 3)


def test_it_pauses_while_the_service_is_suspended(line: DataAccount) -> None:
    agree(line)
    use(line, 100 * GB)
    gates.close(line.customer, GateKind.SUSPENDED, NOW, actor=None, reason="Owes")
    assert (sweep(), bought()) == (0, 0)
    gates.open_(line.customer, GateKind.SUSPENDED, NOW + timedelta(hours=1), actor=None)
    assert sweep(NOW + timedelta(hours=1)) == 1


def test_a_prepaid_line_stops_when_it_cannot_pay_and_goes_on_when_asked_again(line: DataAccount) -> None:
    agree(line)
    granting.set_prepaid(line, NOW)
    builders.payment(line.customer, "150.00", on=NOW.date())
    assert (sweep(), bought()) == (1, 1)
    use(line, 10 * GB)
    assert (sweep(), bought(), events("stopped")) == (1, 1, 1)
    stopped = AutoTopup.objects.get()
    assert not stopped.active
    assert "R 51.00 in credit" in stopped.stopped_reason
    assert sweep() == 0
    builders.payment(line.customer, "100.00", on=NOW.date())
    agree(line)
    assert (sweep(), bought()) == (1, 2)


def test_it_buys_nothing_that_is_dearer_than_what_was_agreed_to(line: DataAccount) -> None:
    agree(line)
    TopupType.objects.update(price=Decimal("149.00"))
    use(line, 100 * GB)
    assert (sweep(), bought(), events("stopped")) == (1, 0, 1)
    assert "costs R 149.00 now; R 99.00 was agreed to" in AutoTopup.objects.get().stopped_reason
    agree(line)
    assert (sweep(), bought()) == (1, 1)


def test_the_limit_is_not_spent_where_it_only_pays_for_the_overrun(line: DataAccount) -> None:
    line.package.add_overusage_on_topup = False
    line.package.save()
    agree(line)
    use(line, 125 * GB)
    assert (sweep(), bought(), events("limit_reached")) == (1, 0, 1)
    agree(line, limit=300)
    assert [sweep(), sweep(), sweep()] == [1, 1, 1]
    assert (bought(), remaining.left(line, NOW)) == (3, 5 * GB)
    use(line, 5 * GB)
    assert (sweep(), bought(), events("limit_reached")) == (1, 3, 2), "of the new limit it is told, too"


def test_every_word_of_the_customer_is_in_the_log(line: DataAccount) -> None:
    agree(line)
    agree(line)  # the same again
    agree(line, limit=500)
    automatic.switch_off(line, NOW, actor=None, door=Door.PORTAL)
    with pytest.raises(DomainError, match="There is no automatic top-up"):
        automatic.switch_off(line, NOW, actor=None, door=Door.PORTAL)
    log = OutOfBundleConsent.objects.order_by("pk")
    assert list(log.values_list("given", flat=True)) == [True, False, True, False]
    assert "up to R 200.00 in a calendar month" in log[0].words
    assert "Told to staff: by telephone" in log[0].words
    agree(line)
    consenting.say(line, given=False, words="By letter", door=Door.STAFF, now=NOW, actor=None)
    assert not AutoTopup.objects.buying().exists()  # whoever wrote the withdrawal down
    use(line, 100 * GB)
    assert (sweep(), bought()) == (0, 0)


def test_terms_that_cannot_be_are_refused(line: DataAccount) -> None:
    with pytest.raises(DomainError, match="The limit is less than one Top-up"):
        agree(line, limit=50)
    TopupType.objects.update(in_portal=False)
    terms = Terms(TopupType.objects.get(), Decimal(200))
    with pytest.raises(DomainError, match="is not offered to"):
        automatic.switch_on(line, terms, NOW, actor=None, door=Door.PORTAL)
    assert not OutOfBundleConsent.objects.exists()


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"when_left_octets": -1}, {"stopped_reason": "Why?"}])
def test_the_database_refuses_such_an_automatic_topup(line: DataAccount, wrong: dict) -> None:
    agree(line)
    with pytest.raises(IntegrityError, match="billing_autotopup_"), transaction.atomic():
        AutoTopup.objects.update(**wrong)


def test_grace_is_off_and_given_once_after_each_purchase(line: DataAccount) -> None:
    assert grace.why_not(line, NOW) == "There are no grace top-ups."
    DataSalesSettings.objects.update(grace_octets=200 * MB)
    assert "is not prepaid" in grace.why_not(line, NOW)
    granting.set_prepaid(line, NOW)
    line = selling.lock(line)
    sale = grace.take(line, NOW, actor=None)
    assert (sale.total, sale.document, remaining.left(line, NOW)) == (0, None, 200 * MB)
    assert "has data left" in grace.why_not(line, NOW)
    use(line, 200 * MB)
    with pytest.raises(DomainError, match="It was taken since the last top-up"):
        grace.take(line, NOW, actor=None)
    builders.topup_sale(line, at=NOW, on_debt=True)
    use(line, 10 * GB)
    assert grace.take(line, NOW, actor=None).total == 0


def test_staff_give_grace_to_whoever_telephones(line: DataAccount, as_manager: Client) -> None:
    at = clock.now()
    granting.set_prepaid(line, at)
    DataSalesSettings.objects.update(grace_octets=200 * MB)
    widget = f"{line.get_absolute_url()}?widget=topups"
    give = reverse("billing:topup_grace", args=[line.pk])
    assert give in as_manager.get(widget).content.decode()
    assert "200.0 MB for nothing, for 24 hours" in as_manager.get(give).content.decode()
    as_manager.post(give)
    sale = TopupSale.objects.get()
    assert (sale.way, sale.asked_by, remaining.left(line, clock.now())) == (
        "grace",
        User.objects.get(),
        200 * MB,
    )
    assert "has data left" in as_manager.get(give).content.decode()
