"""The month-end run: what was previewed is what is issued, once, and can be taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from billing import sweeps
from billing.documents import credit
from billing.documents.verification import findings
from billing.ledger import posting
from billing.ledger.posting import Amount, Entry
from billing.models import (
    Balance,
    BilledPeriod,
    BillingSettings,
    Document,
    RecurringLine,
    Run,
    RunException,
    RunPlan,
)
from billing.runs import monthly, undoing
from billing.runs.models import RunState
from billing.runs.planning import Asked, plan
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders

pytestmark = pytest.mark.django_db
NOW: datetime = day_start(date(2026, 11, 1))
NOVEMBER = Asked(month_of(date(2026, 11, 1)), date(2026, 11, 1))


@pytest.fixture
def lines(alice: Customer, bob: Customer) -> list[RecurringLine]:
    """Alice has two lines, Bob one from the 16th, Carol one that costs nothing."""
    carol = builders.customer(code="CAR001")
    return [
        builders.recurring_line(customer=alice),
        builders.recurring_line(customer=alice, description="Static IP", price=Decimal(50)),
        builders.recurring_line(customer=bob, price=Decimal(300), starts_on=date(2026, 11, 16)),
        builders.recurring_line(customer=carol, price=Decimal(0)),
    ]


def prepared(**kwargs: object) -> Run:
    return plan(NOVEMBER, NOW, actor=None, **kwargs)  # type: ignore[arg-type]


def issued(run: Run) -> Run:
    monthly.approve(run, NOW, actor=None)
    result = sweeps.issue_runs(NOW).apply(NOW)
    assert result.failed == []
    run.refresh_from_db()
    return run


def holds(run: Run) -> bool:
    return all(check for _, check in run.certificate["checks"]) and list(findings()) == []


def reasons(run: Run) -> dict[str, str]:
    return dict(RunException.objects.filter(run=run).values_list("customer__code", "reason"))


@pytest.mark.feature("W-2")
@pytest.mark.usefixtures("lines")
def test_the_preview_says_what_everybody_pays_and_why_and_issues_nothing() -> None:
    run = prepared()
    totals = dict(RunPlan.objects.values_list("customer__code", "total"))
    assert totals == {"ALI001": Decimal("649.00"), "BOB001": Decimal("150.00"), "CAR001": Decimal("0.00")}
    assert (run.state, run.planned, run.planned_total) == (RunState.PREVIEWED, 3, Decimal("799.00"))
    assert reasons(run) == {"CAR001": "Nothing to charge: the total is R 0.00."}
    assert "15 of 30 days" in RunPlan.objects.get(customer__code="BOB001").lines[0]["because"]
    assert not Document.objects.exists()


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_what_was_previewed_is_issued_with_a_certificate_that_adds_up(chunk: int) -> None:
    run = issued(prepared(chunk=chunk))
    assert run.state == RunState.ISSUED
    assert sorted(Document.objects.values_list("customer__code", "total")) == [
        ("ALI001", Decimal("649.00")),
        ("BOB001", Decimal("150.00")),
    ]
    facts = run.certificate
    assert (facts["planned"], facts["issued"], facts["skipped"], facts["parked"]) == (3, 2, 1, 0)
    assert (facts["total"], facts["posted"]) == ("799.00", "799.00")
    assert (facts["first_number"], facts["last_number"]) == (1, 2)
    assert holds(run)


def test_running_again_does_nothing_again(lines: list[RecurringLine]) -> None:
    lines[3].delete()
    issued(prepared())
    assert len(sweeps.issue_runs(NOW)) == 0
    with pytest.raises(DomainError, match="it is billed already"):
        prepared()
    assert Document.objects.count() == 2


@pytest.mark.usefixtures("lines")
def test_only_a_preview_is_approved_and_nothing_is_issued_without_approval() -> None:
    run = prepared()
    assert len(sweeps.issue_runs(NOW)) == 0
    issued(run)
    with pytest.raises(DomainError, match="only a preview"):
        monthly.approve(run, NOW, actor=None)


def test_who_changed_since_the_preview_is_parked_and_previewed_again(
    lines: list[RecurringLine], alice: Customer, bob: Customer
) -> None:
    run = prepared()
    RecurringLine.objects.filter(pk=lines[0].pk).update(price=Decimal(649))
    gates.close(bob, GateKind.DELETED, NOW, actor=None)
    dave = builders.customer(code="DAV001")
    builders.recurring_line(customer=dave)
    run = issued(run)
    assert run.state == RunState.PARTLY_FAILED
    assert reasons(run)["ALI001"] == monthly.CHANGED
    assert reasons(run)["BOB001"] == monthly.GONE
    assert reasons(run)["DAV001"] == monthly.APPEARED
    assert not Document.objects.exists()
    assert (run.certificate["parked"], run.certificate["appeared"]) == (2, 1)
    assert holds(run)

    again = issued(prepared())
    assert dict(Document.objects.values_list("customer__code", "total")) == {
        "ALI001": Decimal("699.00"),
        "DAV001": Decimal("599.00"),
    }
    assert holds(again)


def test_who_cost_nothing_in_the_preview_and_does_now_is_not_forgotten(lines: list[RecurringLine]) -> None:
    run = prepared()
    RecurringLine.objects.filter(pk=lines[3].pk).update(price=Decimal(599))
    run = issued(run)
    assert (run.state, reasons(run)) == (RunState.PARTLY_FAILED, {"CAR001": monthly.CHANGED})
    assert holds(run)


@pytest.mark.usefixtures("lines")
def test_two_previews_of_a_month_issue_it_once() -> None:
    first, second = prepared(), prepared()
    issued(first)
    issued(second)
    assert Document.objects.count() == 2
    assert set(reasons(second).values()) == {monthly.GONE, "Nothing to charge: the total is R 0.00."}
    assert holds(second)


def test_a_customer_the_database_refuses_is_parked_and_the_rest_issued(
    lines: list[RecurringLine], alice: Customer
) -> None:
    run = prepared()
    taken = Entry(f"invoice:run:{run.pk}:{lines[2].customer_id}", NOVEMBER.issue_on, "Taken", ())
    posting.post(taken._replace(amounts=(Amount("bank", Decimal(1)), Amount("vat", Decimal(-1)))), NOW)
    run = issued(run)
    assert set(reasons(run)) == {"CAR001", "BOB001"}
    assert "source_key" in reasons(run)["BOB001"]
    assert Document.objects.get().customer == alice
    assert Document.objects.get().number == 1
    assert holds(run)


def test_a_slip_of_the_keyboard_stops_one_customer_only(lines: list[RecurringLine]) -> None:
    RecurringLine.objects.filter(pk=lines[2].pk).update(price=Decimal("9999999999"), quantity=Decimal(900000))
    run = issued(prepared())
    assert "cannot be right" in reasons(run)["BOB001"]
    assert Document.objects.get().total == Decimal("649.00")
    assert holds(run)


@pytest.mark.usefixtures("lines")
def test_every_invoice_leaves_an_event_for_the_messages(manager: User) -> None:
    run = plan(NOVEMBER, NOW, actor=manager)
    monthly.approve(run, NOW, actor=manager)
    sweeps.issue_runs(NOW).apply(NOW)
    assert Event.objects.filter(kind="invoice.issued", actor=manager).count() == 2
    kinds = list(Event.objects.filter(kind__startswith="run.").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["run.planned", "run.approved", "run.issued"]


@pytest.mark.feature("W-2")
@pytest.mark.usefixtures("lines")
def test_undo_credits_everything_and_the_month_may_be_billed_again(alice: Customer) -> None:
    run = issued(prepared(chunk=1))
    undoing.request(run, NOW, actor=None, reason="wrong prices")
    assert sweeps.issue_runs(NOW).apply(NOW).failed == []
    run.refresh_from_db()
    assert run.state == RunState.UNDONE
    assert run.certificate["undo"]["credit_notes"] == 2
    assert run.certificate["undo"]["left"] == "0.00"
    assert Balance.objects.get(customer=alice).amount == 0
    assert list(findings()) == []

    again = issued(prepared())
    assert sorted(set(BilledPeriod.objects.values_list("generation", flat=True))) == [0, 1]
    assert Balance.objects.get(customer=alice).amount == Decimal("649.00")
    assert holds(again)
    with pytest.raises(DomainError, match="only an issued one"):
        undoing.request(run, NOW, actor=None, reason="again")


@pytest.mark.usefixtures("lines")
def test_every_credit_note_of_an_undo_says_who_asked_for_it(manager: User) -> None:
    run = issued(prepared())
    undoing.request(run, NOW, actor=manager, reason="wrong prices")
    sweeps.issue_runs(NOW).apply(NOW)
    assert Event.objects.filter(kind="credit_note.issued", actor=manager).count() == 2
    assert Event.objects.filter(kind="run.undone", actor=manager).count() == 1


@pytest.mark.usefixtures("lines")
def test_an_invoice_credited_by_hand_is_not_credited_again_by_undo() -> None:
    run = issued(prepared())
    credit.credit(Document.objects.first(), date(2026, 11, 1), NOW, actor=None, reason="wrong")
    undoing.request(run, NOW, actor=None, reason="wrong prices")
    sweeps.issue_runs(NOW).apply(NOW)
    assert Document.objects.filter(kind="credit_note").count() == 2
    assert list(findings()) == []


@pytest.mark.usefixtures("lines")
def test_a_preview_can_be_discarded_and_an_issued_run_cannot() -> None:
    monthly.discard(prepared(), actor=None, now=NOW)
    assert not Run.objects.exists()
    run = issued(prepared())
    with pytest.raises(DomainError, match="cannot be discarded"):
        monthly.discard(run, actor=None, now=NOW)


def test_with_nothing_due_there_is_no_run(alice: Customer) -> None:
    with pytest.raises(DomainError, match="Nothing is due"):
        prepared()
    assert not Run.objects.exists()


@pytest.mark.usefixtures("lines")
def test_an_invoice_date_in_the_future_is_refused() -> None:
    with pytest.raises(DomainError, match="in the future"):
        plan(Asked(NOVEMBER.period, date(2026, 11, 2)), NOW, actor=None)


@pytest.mark.usefixtures("lines")
def test_month_end_prepares_next_month_once_and_issues_only_when_told_to() -> None:
    early, due = day_start(date(2026, 10, 24)), day_start(date(2026, 10, 25))
    assert len(sweeps.month_end(early)) == 0
    assert sweeps.month_end(due).apply(due).applied == 1
    assert len(sweeps.month_end(due)) == 0
    run = Run.objects.get()
    assert (run.period_start, run.state) == (date(2026, 11, 1), RunState.PREVIEWED)
    assert Event.objects.filter(kind="run.prepared").exists()
    run.delete()
    BillingSettings.objects.update(issue_automatically=True)
    sweeps.month_end(due).apply(due)
    assert Run.objects.get().state == RunState.APPROVED


@pytest.mark.usefixtures("lines")
def test_the_command_previews_without_storing_and_issues(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("run_month_end", period="2026-11", date=date(2026, 11, 1), preview=True)
    assert "November 2026: 3 customers, R 799.00" in capsys.readouterr().out
    assert not Run.objects.exists()
    call_command("run_month_end", period="2026-11", date=date(2026, 11, 1))
    assert capsys.readouterr().out.count("ok ") == 3
    with pytest.raises(CommandError, match="Nothing is due"):
        call_command("run_month_end", period="2025-11")
    with pytest.raises(CommandError, match="a month such as"):
        call_command("run_month_end", period="November")


@pytest.fixture
def many(transactional_db: None, django_db_serialized_rollback: None) -> int:
    for _ in range(40):
        builders.recurring_line(customer=builders.customer())
    return 40


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_share_a_run_without_doubling_anything(many: int) -> None:
    run = prepared(chunk=3)
    monthly.approve(run, NOW, actor=None)

    def work(_: int) -> list[object]:
        try:
            return sweeps.issue_runs(NOW).apply(NOW).failed
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [[], []]
    sweeps.issue_runs(NOW).apply(NOW)
    run.refresh_from_db()
    assert (run.state, run.certificate["issued"]) == (RunState.ISSUED, many)
    assert sorted(Document.objects.values_list("number", flat=True)) == list(range(1, many + 1))
    assert holds(run)
