"""The staff pages of money."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.models import BillingSettings, Document, RecurringLine, Run, VatRate
from billing.runs import monthly
from billing.runs.models import RunState
from customers.models import Customer
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Event, Role
from radius.models import ChangeSettings
from tests import builders

pytestmark = pytest.mark.django_db
#: The form of the billing settings, filled in.
SETTINGS = {
    "due_days": 14, "overdue_days": 2, "invoice_prefix": "TAX", "credit_note_prefix": "CN",
    "adjustment_prefix": "ADJ", "write_off_prefix": "WO", "receipt_prefix": "REC",
    "prices_include_vat": "on", "rounding": "line",
    "financial_year_end_month": 2, "month_end_day": 20, "standard_discount": "2.5", "age_by": "due",
    "changes_billed": "at_once", "changes-new_cap": "prorated", "calls-country_code": "27",
}  # fmt: skip


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def line(alice: Customer) -> RecurringLine:
    return builders.recurring_line(customer=alice)


def issued() -> Run:
    run = builders.run()
    monthly.approve(run, now(), actor=None)
    sweeps.issue_runs(now()).apply(now())
    run.refresh_from_db()
    return run


def test_documents_are_listed_searched_and_exported(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    for customer in (alice, bob):
        builders.invoice(customer)
    assert "R 115.00" in page(as_manager, "billing:document_list")
    found = page(as_manager, "billing:document_list", q="alice")
    assert "INV-2026-000001" in found
    assert "INV-2026-000002" not in found
    of_bob = page(as_manager, "billing:document_list", customer="bob001")
    assert "INV-2026-000001" not in of_bob
    export = as_manager.get(reverse("billing:document_list"), {"export": "csv"})
    assert b"115.00" in b"".join(export) if export.streaming else b"115.00" in export.content


def test_an_invoice_is_shown_with_its_lines_and_its_paper(as_manager: Client, alice: Customer) -> None:
    made = builders.invoice(alice)
    shown = page(as_manager, "billing:document_detail", made.pk)
    for part in ("INV-2026-000001", "Installation", "R 100.00", "R 15.00", "Alice Liddell"):
        assert part in shown
    paper = as_manager.get(reverse("billing:document_pdf", args=[made.pk]))
    assert paper["Content-Type"] == "application/pdf"
    assert paper["Content-Disposition"] == 'inline; filename="INV-2026-000001.pdf"'
    assert paper.content.startswith(b"%PDF")


def test_crediting_asks_first_and_then_says_so(as_manager: Client, alice: Customer) -> None:
    made = builders.invoice(alice, on=local_day(now()))
    url = reverse("billing:document_credit", args=[made.pk])
    assert "R 115.00" in page(as_manager, "billing:document_credit", made.pk)
    assert Document.objects.count() == 1
    early = as_manager.post(url, {"on": made.issued_on - timedelta(days=1), "reason": "wrong"})
    assert "cannot be dated before its invoice" in early.content.decode()
    done = as_manager.post(url, {"on": made.issued_on, "reason": "wrong"}, follow=True)
    note = Document.objects.get(corrects=made)
    assert f"{note.reference} over -R 115.00 is issued." in done.content.decode()
    assert f"Taken back by {note.reference}" in page(as_manager, "billing:document_detail", made.pk)


def test_a_recurring_line_is_added_changed_and_ended_from_the_profile(
    as_manager: Client, alice: Customer
) -> None:
    account = builders.data_account(customer=alice)
    fields = {
        "description": "Fibre", "data_account": account.pk, "quantity": "1", "price": "", "discount": "0",
        "timing": "advance", "proration": "day", "starts_on": "2026-11-01", "ends_on": "",
    }  # fmt: skip
    response = as_manager.post(reverse("billing:recurring_add", args=[alice.pk]), fields)
    assert response.status_code == 302
    line = RecurringLine.objects.get(customer=alice)
    assert "R 599.00" in page(as_manager, "billing:recurring_list")
    as_manager.post(reverse("billing:recurring_edit", args=[line.pk]), fields | {"price": "450"})
    line.refresh_from_db()
    assert line.price == 450
    as_manager.post(reverse("billing:recurring_end", args=[line.pk]), {"last_day": "2026-11-20"})
    line.refresh_from_db()
    assert str(line.ends_on) == "2026-11-20"
    kinds = Event.objects.about(alice).filter(kind__startswith="recurring").values_list("kind", flat=True)
    assert list(kinds) == ["recurring_line.edited", "recurring_line.edited", "recurring_line.added"]
    assert Event.objects.filter(kind="recurring_line.edited").last().data["changes"]["price"] == [None, "450"]


def test_a_line_needs_a_price_from_somewhere_and_an_account_of_the_same_customer(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    url = reverse("billing:recurring_add", args=[alice.pk])
    fields = {
        "description": "X",
        "quantity": "1",
        "price": "",
        "discount": "0",
        "timing": "advance",
        "proration": "day",
        "starts_on": "2026-11-01",
    }
    assert "whose price applies" in as_manager.post(url, fields).content.decode()
    stolen = fields | {"data_account": builders.data_account(customer=bob).pk}
    assert "valid choice" in as_manager.post(url, stolen).content.decode()
    assert not RecurringLine.objects.exists()


def test_ending_a_line_before_it_began_is_refused(as_manager: Client, line: RecurringLine) -> None:
    url = reverse("billing:recurring_end", args=[line.pk])
    assert "cannot be before" in as_manager.post(url, {"last_day": "2025-01-01"}).content.decode()


def test_a_run_goes_from_form_to_certificate_and_back(as_manager: Client, line: RecurringLine) -> None:
    today = local_day(now())
    form = {"period": month_of(today).start.isoformat(), "issue_on": today, "billing_group": ""}
    preview = as_manager.post(reverse("billing:run_add"), form, follow=True).content.decode()
    run = Run.objects.get()
    assert "Nothing is issued until you approve it" in preview
    for part in ("Uncapped fibre 20 Mb/s", "R 599.00", "to be issued", "Approve", "Discard"):
        assert part in preview
    assert "1 invoice over R 599.00" in page(as_manager, "billing:run_approve", run.pk)

    busy = as_manager.post(reverse("billing:run_approve", args=[run.pk]), follow=True).content.decode()
    assert "waiting for a worker" in busy
    assert "HX-Refresh" not in as_manager.get(reverse("billing:run_progress", args=[run.pk]))
    sweeps.issue_runs(now()).apply(now())
    assert as_manager.get(reverse("billing:run_progress", args=[run.pk]))["HX-Refresh"] == "true"
    done = page(as_manager, "billing:run_detail", run.pk)
    for part in ("Certificate", "planned 1 = issued 1 + skipped 0 + parked 0", "INV-2026-000001", "Undo"):
        assert part in done
    assert "Does not hold" not in done

    assert "1 credit note over R 599.00" in page(as_manager, "billing:run_undo", run.pk)
    as_manager.post(reverse("billing:run_undo", args=[run.pk]), {"reason": "wrong prices"})
    sweeps.issue_runs(now()).apply(now())
    assert "R 0.00 left standing" in page(as_manager, "billing:run_detail", run.pk)
    assert Run.objects.get().state == RunState.UNDONE


def test_who_was_parked_is_shown_and_previewed_again(as_manager: Client, line: RecurringLine) -> None:
    run = builders.run()
    RecurringLine.objects.update(price=Decimal(649))
    monthly.approve(run, now(), actor=None)
    sweeps.issue_runs(now()).apply(now())
    assert monthly.CHANGED in page(as_manager, "billing:run_detail", run.pk)
    as_manager.post(reverse("billing:run_again", args=[run.pk]))
    assert Run.objects.latest("pk").planned_total == 649


def test_a_preview_with_nobody_says_so_on_the_form(as_manager: Client) -> None:
    today = local_day(now())
    form = {"period": month_of(today).start.isoformat(), "issue_on": today, "billing_group": ""}
    assert "Nothing is due" in as_manager.post(reverse("billing:run_add"), form).content.decode()
    assert not Run.objects.exists()


def test_the_preview_says_what_differs_from_the_last_run(as_manager: Client, line: RecurringLine) -> None:
    last = issued()
    start = month_of(last.period.end)
    RecurringLine.objects.update(price=Decimal(649))
    Run.objects.filter(pk=last.pk).update(certificate=last.certificate)
    run = as_manager.post(
        reverse("billing:run_add"),
        {"period": start.start.isoformat(), "issue_on": local_day(now()), "billing_group": ""},
        follow=True,
    ).content.decode()
    assert f"Against {last}" in run
    assert run.count("R 50.00") >= 2


def test_a_discarded_preview_is_gone(as_manager: Client, line: RecurringLine) -> None:
    run = builders.run()
    as_manager.post(reverse("billing:run_discard", args=[run.pk]))
    assert not Run.objects.exists()
    assert as_manager.get(reverse("billing:run_detail", args=[run.pk])).status_code == 404


def test_accounts_staff_preview_but_do_not_approve(line: RecurringLine) -> None:
    client = Client()
    client.force_login(builders.staff(Role.ACCOUNTS))
    run = builders.run()
    shown = page(client, "billing:run_detail", run.pk)
    assert "Discard" in shown
    assert "Approve" not in shown
    assert client.post(reverse("billing:run_approve", args=[run.pk])).status_code == 403
    run.refresh_from_db()
    assert run.state == RunState.PREVIEWED


def test_settings_and_vat_rates_are_edited_and_recorded(as_manager: Client) -> None:
    as_manager.post(reverse("billing:settings_edit"), SETTINGS)
    assert (BillingSettings.get().invoice_prefix, BillingSettings.get().changes_billed) == ("TAX", "at_once")
    assert ChangeSettings.get().new_cap == "prorated"
    same = as_manager.post(reverse("billing:settings_edit"), SETTINGS | {"credit_note_prefix": "TAX"})
    assert "different prefix" in same.content.decode()
    as_manager.post(reverse("billing:vat_add"), {"percent": "15.5", "valid_from": "2027-04-01"})
    assert VatRate.objects.first().percent == Decimal("15.5")
    assert "2027-04-01" in page(as_manager, "billing:vat_list")
    assert Event.objects.filter(kind__in=["billingsettings.changed", "vatrate.added"]).count() == 2
    assert Event.objects.get(kind="changesettings.changed").data["changes"] == {
        "new_cap": ["full", "prorated"]
    }


def test_the_profile_shows_balance_documents_and_recurring_lines(
    as_manager: Client, line: RecurringLine
) -> None:
    builders.invoice(line.customer)
    url = reverse("customers:customer_detail", args=[line.customer_id])
    billing = as_manager.get(url, {"widget": "billing"}).content.decode()
    assert "R 115.00" in billing
    assert "INV-2026-000001" in billing
    assert "Uncapped fibre" in as_manager.get(url, {"widget": "recurring"}).content.decode()


def test_documents_are_found_by_the_search(as_manager: Client, alice: Customer) -> None:
    builders.invoice(alice)
    assert "INV-2026-000001" in as_manager.get(reverse("search"), {"q": "000001"}).content.decode()
