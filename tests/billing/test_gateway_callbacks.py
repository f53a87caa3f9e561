"""What PayFast tells is verified and counted once; whatever is wrong is refused, written down, and posts nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing import sweeps
from billing.documents import verification as documents
from billing.gateways import acting, callbacks, checkouts
from billing.gateways.callbacks import Answer
from billing.gateways.interface import Post
from billing.gateways.models import Checkout, CheckoutState, GatewayDelivery, Outcome
from billing.gateways.payfast import PayFast
from billing.ledger.posting import BANK_CHARGES, GATEWAY_CLEARING
from billing.merging import merging
from billing.models import Balance, GatewayAccount, Line, Payment
from billing.payments import verification
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from ispbilling.doctor.checks import paying_online
from tests import builders, payfast
from tests.payfast import FakePayFast

NOTIFY = "/pay/payfast/notify/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def fake(settings: Any, db: None) -> Iterator[FakePayFast]:
    with payfast.running(settings) as running:
        yield running
    assert [*documents.findings(), *verification.findings()] == []


@pytest.fixture
def begun(fake: FakePayFast, alice: Customer) -> Checkout:
    """Alice owes R 115.00, and PayFast has her form."""
    builders.invoice(alice)
    return at(fake, builders.checkout(alice))


def at(fake: FakePayFast, checkout: Checkout) -> Checkout:
    """The form of a checkout, sent to the fake."""
    form = checkouts.form(checkout, back="https://isp.example/back/", cancelled="https://isp.example/no/")
    assert "Complete Payment" in fake.begin(list(form.fields)), "it accepts our signature"
    return checkout


def send(body: str, source: str = "127.0.0.1") -> int:
    return Client(REMOTE_ADDR=source).post(NOTIFY, body, content_type=FORM).status_code


def sums(*accounts: str) -> list[Decimal]:
    return [
        sum(Line.objects.filter(account__code=code).values_list("amount", flat=True), Decimal(0))
        for code in accounts
    ]


def balance(of: Customer) -> Decimal:
    return Balance.objects.get(customer=of).amount


def outcomes() -> list[str]:
    return list(GatewayDelivery.objects.order_by("pk").values_list("outcome", flat=True))


def test_money_is_recorded_once_with_its_fee_and_acknowledged(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    body = fake.body(fake.itn())
    assert [send(body), send(body)] == [200, 200]
    payment = Payment.objects.get()
    assert (payment.payer, payment.method, payment.source_key) == (alice, "gateway", "gateway:payfast:1000")
    assert (payment.reference, payment.received_on) == ("PayFast 1000 ALI001", local_day(now()))
    assert sums("bank", GATEWAY_CLEARING, BANK_CHARGES) == [0, Decimal("112.20"), Decimal("2.80")]
    assert balance(alice) == 0
    begun.refresh_from_db()
    assert (begun.state, begun.payment) == (CheckoutState.PAID, payment)
    assert outcomes() == [Outcome.POSTED, Outcome.REPEATED]
    first = GatewayDelivery.objects.earliest("pk")
    assert set(first.checks) == {"signature", "source", "merchant", "currency", "amount", "confirmed"}
    assert not {"signature", "name_first", "email_address"} & set(first.fields)
    assert len(fake.asked) == 1, "what came before is not asked about again"
    assert Event.objects.filter(kind="payment.received").count() == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("signature", "the signature is wrong"),
        ("changed", "the signature is wrong"),
        ("amount", "the amount is not what was asked"),
        ("currency", "the currency is another one"),
        ("merchant", "it is for another merchant"),
        ("source", "it did not come from the gateway's addresses"),
        ("invented", "the gateway says that it did not send it"),
    ],
)
def test_what_is_wrong_is_refused_and_written_down_and_posts_nothing(
    fake: FakePayFast, begun: Checkout, alice: Customer, wrong: str, why: str
) -> None:
    values = {
        "amount": {"amount_gross": "1.00"},
        "currency": {"currency": "USD"},
        "merchant": {"merchant_id": "10000101"},
    }.get(wrong, {})
    body = fake.body(
        fake.itn(**values), "guessed" if wrong == "signature" else builders.MERCHANT["passphrase"]
    )
    if wrong == "changed":
        body = body.replace("amount_gross=115.00", "amount_gross=115.01")
    if wrong == "invented":
        fake.sent.clear()
    assert send(body, "203.0.113.9" if wrong == "source" else "127.0.0.1") == 400
    delivery = GatewayDelivery.objects.get()
    assert (delivery.outcome, delivery.checkout) == (Outcome.REFUSED, begun)
    assert why in delivery.reason.lower()
    assert Event.objects.get(kind="gateway.refused").about_id == alice.pk
    assert not Payment.objects.exists()
    assert (balance(alice), Checkout.objects.get().state) == (Decimal("115.00"), CheckoutState.OPEN)


def test_rubbish_is_refused_and_a_flood_of_it_fills_no_table(fake: FakePayFast, begun: Checkout) -> None:
    assert {send("x=1") for _ in range(callbacks.REFUSALS_A_MINUTE + 5)} == {400}
    assert GatewayDelivery.objects.count() == callbacks.REFUSALS_A_MINUTE
    assert send(fake.body(fake.itn())) == 200, "what is true is still taken"
    assert Client().get(NOTIFY).status_code == 405
    assert Client().post("/pay/nobody/notify/", "x=1", content_type=FORM).status_code == 404


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(
    fake: FakePayFast, begun: Checkout, settings: Any
) -> None:
    settings.PAYFAST_SOURCES = ["197.97.145.144/28"]
    body = fake.body(fake.itn())

    def forwarded(addresses: str) -> int:
        proxy = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=addresses)
        return proxy.post(NOTIFY, body, content_type=FORM).status_code

    assert forwarded("197.97.145.150") == 400, "nobody said that there is a proxy"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert forwarded("197.97.145.150, 203.0.113.9") == 400, "what the sender wrote itself counts for nothing"
    assert forwarded("203.0.113.9, 197.97.145.150") == 200


def test_while_payfast_cannot_be_asked_it_is_told_to_come_again(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    body = fake.body(fake.itn())
    fake.answers = "Service Unavailable"
    assert send(body) == 503
    assert balance(alice) == 115
    fake.answers = None
    assert send(body) == 200
    assert (outcomes(), balance(alice)) == ([Outcome.LATER, Outcome.POSTED], 0)


@pytest.mark.parametrize("before", [CheckoutState.CANCELLED, CheckoutState.FAILED, CheckoutState.EXPIRED])
def test_money_that_comes_late_is_recorded_all_the_same(
    fake: FakePayFast, begun: Checkout, alice: Customer, before: CheckoutState
) -> None:
    builders.gateway(enabled=False)  # switched off meanwhile: what was begun is still taken
    if before == CheckoutState.CANCELLED:
        checkouts.cancel(begun, now())
    elif before == CheckoutState.FAILED:
        assert send(fake.body(fake.itn(status="FAILED"))) == 200
    else:
        plan = sweeps.expire_checkouts(now() + timedelta(hours=25))
        assert [plan.apply(now() + timedelta(hours=25)).applied for _ in range(2)] == [1, 0]
    begun.refresh_from_db()
    assert begun.state == before
    assert send(fake.body(fake.itn())) == 200
    begun.refresh_from_db()
    assert (begun.state, balance(alice)) == (CheckoutState.PAID, 0)


def test_what_is_pending_waits_longer_than_a_day(fake: FakePayFast, begun: Checkout) -> None:
    assert send(fake.body(fake.itn(status="PENDING"))) == 200
    assert len(sweeps.expire_checkouts(now() + timedelta(days=2))) == 0
    assert len(sweeps.expire_checkouts(now() + timedelta(days=8))) == 1


def test_money_nobody_can_be_credited_with_waits_in_suspense(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    assert send(fake.body(fake.itn("77", m_payment_id="no-checkout-of-ours", item_name="ALI001"))) == 200
    unknown = Payment.objects.get()
    assert (unknown.payer, unknown.reference) == (None, "PayFast 77 ALI001")
    bob = builders.customer()
    at(fake, builders.checkout(bob))
    gates.close(bob, GateKind.DELETED, now(), actor=None, reason="gone")
    assert send(fake.body(fake.itn("1001"))) == 200
    assert Payment.objects.unallocated().count() == 2
    assert sums("suspense") == [Decimal("-230.00")]
    assert outcomes() == [Outcome.SUSPENSE, Outcome.SUSPENSE]


def test_who_was_merged_meanwhile_pays_for_the_survivor(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    survivor = builders.customer()
    merging.merge(survivor, alice, {}, now(), actor=None)
    assert send(fake.body(fake.itn())) == 200
    assert (Payment.objects.get().payer, balance(survivor)) == (survivor, 0)


def test_who_pays_twice_is_credited_twice(fake: FakePayFast, begun: Checkout, alice: Customer) -> None:
    for number in ("1000", "2000"):
        assert send(fake.body(fake.itn("1000", pf_payment_id=number))) == 200
    assert balance(alice) == Decimal("-115.00")
    begun.refresh_from_db()
    assert begun.payment == Payment.objects.earliest("pk")


def test_a_refund_takes_the_payment_back_and_part_of_it_asks_for_a_person(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    assert send(fake.body(fake.itn())) == 200
    assert send(fake.body(fake.itn(status="REFUNDED", amount_gross="-20.00"))) == 200
    assert balance(alice) == 0
    assert "R 20.00 of REC-2026-000001" in Event.objects.get(kind="gateway.attention").data["reason"]
    assert send(fake.body(fake.itn(status="CHARGEBACK", amount_gross="-115.00"))) == 200
    assert (balance(alice), Payment.objects.get().state) == (Decimal("115.00"), "taken_back")
    assert sums(GATEWAY_CLEARING) == [Decimal("-2.80")], "the fee stays with the gateway"


def test_what_was_recorded_by_hand_counts_once_when_it_is_told(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    acting.settle(begun, "1000", local_day(now()), now(), actor=None, reason="seen there")
    with pytest.raises(DomainError, match="paid already"):
        acting.settle(begun, "1000", local_day(now()), now(), actor=None, reason="again")
    assert send(fake.body(fake.itn())) == 200
    assert (Payment.objects.count(), balance(alice), sums(BANK_CHARGES)) == (1, 0, [Decimal("2.80")])


def test_what_was_given_back_in_part_before_the_money_was_told_asks_for_a_person_too(
    fake: FakePayFast, begun: Checkout, alice: Customer
) -> None:
    assert send(fake.body(fake.itn(status="REFUNDED", amount_gross="-20.00"))) == 200
    assert not Event.objects.filter(kind="gateway.attention").exists()
    assert send(fake.body(fake.itn())) == 200
    assert balance(alice) == 0
    assert "R 20.00 of REC-2026-000001" in Event.objects.get(kind="gateway.attention").data["reason"]


STATUSES = ("COMPLETE", "COMPLETE", "REFUNDED", "CANCELLED", "PENDING", "FAILED")


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(STATUSES), again=st.lists(st.sampled_from(STATUSES), max_size=4))
def test_whatever_order_and_number_of_deliveries_the_ledger_ends_the_same(
    fake: FakePayFast, begun: Checkout, alice: Customer, order: list[str], again: list[str]
) -> None:
    gateway = PayFast(GatewayAccount.objects.get())
    with transaction.atomic():
        for status in [*order, *again]:
            post = Post(fake.body(fake.itn(status=status)).encode(), "127.0.0.1")
            assert callbacks.deliver(gateway, post, now()) == Answer.ACCEPTED
        payment = Payment.objects.get()
        assert payment.taken_back_on is not None
        assert sums("bank", "suspense", GATEWAY_CLEARING, BANK_CHARGES) == [
            0,
            0,
            Decimal("-2.80"),
            Decimal("2.80"),
        ]
        assert balance(alice) == Decimal("115.00")
        assert Checkout.objects.get().state == CheckoutState.PAID
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_deliveries_at_once_are_one_payment(fake: FakePayFast, begun: Checkout, alice: Customer) -> None:
    body = fake.body(fake.itn())

    def deliver(_: int) -> int:
        try:
            return send(body)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(deliver, range(12))) == {200}
    assert (Payment.objects.count(), balance(alice)) == (1, 0)
    assert sorted(outcomes()) == sorted([Outcome.POSTED, *[Outcome.REPEATED] * 11])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_gatewaydelivery SET outcome = 'refused'",
        "DELETE FROM billing_gatewaydelivery",
        """INSERT INTO billing_gatewaydelivery (gateway, received_at, source, external_id, status, kind, fields, checks,
           outcome, reason) VALUES ('payfast', now(), '', '1000', 'COMPLETE', 'paid', '{}', '{}', 'noted', '')""",
        "UPDATE billing_checkout SET amount = 1",
        "UPDATE billing_checkout SET state = 'open', finished_at = NULL, payment_id = NULL",
        "UPDATE billing_gatewayaccount SET passphrase = ''",
    ],
)
def test_the_database_says_no(fake: FakePayFast, begun: Checkout, statement: str) -> None:
    assert send(fake.body(fake.itn())) == 200
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_doctor_says_whether_payfast_answers(fake: FakePayFast, settings: Any) -> None:
    def asked() -> tuple[bool | None, str]:
        (finding,) = paying_online()
        return finding.ok, finding.sentence

    assert asked() == (None, "Paying online is switched off.")
    builders.gateway(sandbox=True)
    assert asked() == (True, "PayFast answers in its sandbox: no real money moves.")
    settings.PAYFAST_BASE = "http://127.0.0.1:9"
    assert asked() == (False, "PayFast could not be asked: ConnectionError")
