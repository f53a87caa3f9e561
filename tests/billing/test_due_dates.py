"""When invoices are due and overdue: customer, else group, else settings; two dates, both shown."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from billing.documents import credit, dues
from billing.models import BillingSettings, Document
from billing.recurring.charges import due
from billing.recurring.terms import Terms
from customers.models import Customer
from ispbilling.core.clock import day_start, local_day, month_of, now
from ispbilling.core.models import Event, Role
from tests import builders
from tests.customers.test_edit_dialog import as_shown, edit_url

pytestmark = pytest.mark.django_db


@pytest.mark.feature("D-7")
def test_the_customers_own_days_come_before_its_groups_and_these_before_the_settings(alice: Customer) -> None:
    settings = BillingSettings.get()
    assert dues.days_of(alice, settings) == dues.Days(7, "billing settings")
    alice.group.due_days = 14
    assert dues.days_of(alice, settings) == dues.Days(14, f"customer group {alice.group}")
    alice.due_days = 0
    assert dues.days_of(alice, settings) == dues.Days(0, "its own")
    assert dues.days_of(alice, settings).due_on(date(2026, 11, 1)) == date(2026, 11, 1)


@pytest.mark.feature("D-7")
@pytest.mark.parametrize(("own", "of_group"), [(None, None), (None, 30), (45, None), (45, 30), (0, 30)])
def test_a_run_counts_as_the_dialog_says(alice: Customer, own: int | None, of_group: int | None) -> None:
    builders.recurring_line(customer=alice)
    alice.group.due_days, alice.due_days = of_group, own
    alice.group.save(update_fields=["due_days"])
    alice.save(update_fields=["due_days"])
    month = month_of(date(2026, 11, 1))
    (bill,) = due(Terms.of(month, month.start), day_start(month.start))
    assert bill.due_on == dues.days_of(alice, BillingSettings.get()).due_on(month.start)


@pytest.mark.feature("EDT-13")
def test_a_customer_is_given_days_of_its_own_and_the_default_again(
    as_manager: Client, alice: Customer
) -> None:
    shown = as_shown(as_manager, alice)
    assert shown["billing-use_default"] == "yes"
    sent = shown | {"billing-use_default": "no", "billing-due_days": "30"}
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    alice.refresh_from_db()
    assert alice.due_days == 30
    assert Event.objects.latest("pk").data["changes"] == {"due_days": [None, 30]}
    again = as_shown(as_manager, alice)
    assert (again["billing-use_default"], again["billing-due_days"]) == ("no", 30)
    as_manager.post(edit_url(alice), again | {"billing-use_default": "yes"})
    alice.refresh_from_db()
    assert alice.due_days is None


@pytest.mark.feature("EDT-13")
@pytest.mark.parametrize("days", ["", "-1", "366", "1e3", "a month", "9" * 400])
def test_days_that_make_no_sense_are_refused_and_nothing_is_lost(
    as_manager: Client, alice: Customer, days: str
) -> None:
    sent = as_shown(as_manager, alice) | {"billing-use_default": "no", "billing-due_days": days, "phone": "1"}
    answer = as_manager.post(edit_url(alice), sent)
    assert answer.status_code == 200
    assert any(line.tab == "Billing" for line in answer.context["error_lines"])
    alice.refresh_from_db()
    assert (alice.due_days, alice.phone) == (None, "")


@pytest.mark.feature("EDT-13", "D-8")
def test_the_tab_says_what_the_default_is_and_shows_both_dates(as_manager: Client, alice: Customer) -> None:
    BillingSettings.objects.update(overdue_days=3)
    today = local_day(now())
    page = as_manager.get(edit_url(alice)).content.decode()
    assert "The default is 7 days, from the billing settings" in page
    assert f"due on {today + timedelta(days=7)} and overdue from {today + timedelta(days=11)}" in page


@pytest.mark.feature("EDT-13")
def test_a_sub_account_is_told_whose_days_count(as_manager: Client, alice: Customer, bob: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True)
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    assert "the settings of ALI001 count" in as_manager.get(edit_url(bob)).content.decode()


@pytest.mark.feature("EDT-13")
def test_support_staff_edit_customers_but_not_their_terms(alice: Customer) -> None:
    client = Client()
    client.force_login(builders.staff(Role.SUPPORT))
    sent = as_shown(client, alice)
    assert "billing-use_default" not in sent
    client.post(edit_url(alice), sent | {"billing-use_default": "no", "billing-due_days": "90"})
    alice.refresh_from_db()
    assert alice.due_days is None


@pytest.mark.feature("D-8")
def test_paper_is_overdue_when_the_days_after_its_due_date_are_over(
    as_manager: Client, alice: Customer
) -> None:
    made = builders.invoice(alice)  # due on 8 November
    BillingSettings.objects.update(overdue_days=5)
    row = Document.objects.listed().get(pk=made.pk)
    assert row.overdue_from == date(2026, 11, 14) == dues.overdue_from(made.due_on, BillingSettings.get())
    page = as_manager.get(made.get_absolute_url()).content.decode()
    assert "2026-11-08" in page
    assert "2026-11-14" in page
    columns = {"column": ["reference", "due_on", "overdue_from"]}
    as_manager.post(reverse("billing:document_list"), columns)
    assert "2026-11-14" in as_manager.get(reverse("billing:document_list")).content.decode()


@pytest.mark.feature("D-8")
def test_a_credit_note_is_never_overdue(alice: Customer) -> None:
    day = date(2026, 11, 2)
    note = credit.credit(builders.invoice(alice), day, day_start(day), actor=None, reason="wrong")
    assert Document.objects.listed().get(pk=note.pk).overdue_from is None


def test_the_profile_says_when_invoices_are_due_and_why(as_manager: Client, alice: Customer) -> None:
    url = reverse("customers:customer_detail", args=[alice.pk])
    Customer.objects.filter(pk=alice.pk).update(due_days=30)
    widget = " ".join(as_manager.get(url, {"widget": "billing"}).content.decode().split())
    assert "30 days after their date" in widget
    assert "its own" in widget
