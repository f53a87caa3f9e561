"""The pages of debit orders: mandates on the profile, a batch from preview to result, and who may do what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.debiting.models import DebitBatch, DebitRow, DebitSettings, Mandate, ResultImport, RowState
from billing.models import Payment
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
from notifications import announce
from notifications.models import Message
from tests import builders
from tests.billing import debiting

pytestmark = pytest.mark.django_db
NUMBER = "62000000123"


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"billing:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, name: str, *args: object, **data: object) -> str:
    return client.post(reverse(f"billing:{name}", args=args), data, follow=True).content.decode()


def as_role(role: Role) -> Client:
    client = Client()
    client.force_login(builders.staff(role))
    return client


def typed(**kwargs: object) -> dict[str, object]:
    today = local_day(now())
    return {
        "reference": "ALI001", "holder": "A Liddell", "bank": "FNB", "account_number": "6200 0000 123",
        "account_type": "current", "signed_on": today, "valid_from": today, **kwargs,
    }  # fmt: skip


@pytest.mark.feature("PRO-10")
def test_a_mandate_is_added_from_the_profile_shown_masked_and_revealed_for_a_reason(alice: Customer) -> None:
    office, support = as_role(Role.ACCOUNTS), as_role(Role.SUPPORT)
    widget = {"widget": "debit_order"}
    assert "There is no mandate" in office.get(alice.get_absolute_url(), widget).content.decode()
    wrong = send(office, "mandate_add", alice.pk, **typed(account_number="12", branch_code="25"))
    assert "5 to 11 digits" in wrong
    assert "A branch code has six digits" in wrong
    assert 'value="A Liddell"' in wrong  # nothing typed is lost
    send(office, "mandate_add", alice.pk, **typed())
    mandate = Mandate.objects.get()
    assert (mandate.account_number, mandate.ending, mandate.branch_code) == (NUMBER, "123", "250655")
    again = send(office, "mandate_add", alice.pk, **typed(reference="ALI001-2"))
    assert "has a mandate already" in again or "has the mandate ALI001 already" in again
    shown = support.get(alice.get_absolute_url(), widget).content.decode()
    assert "FNB •••123" in shown
    for client in (office, support):
        for text in (page(client, "mandate_detail", mandate.pk), page(client, "mandate_list")):
            assert NUMBER not in text
    assert support.post(reverse("billing:mandate_number", args=[mandate.pk])).status_code == 403
    assert NUMBER in send(office, "mandate_number", mandate.pk, reason="asked by the customer")
    told = Event.objects.get(kind="mandate.number_shown")
    assert (told.about_id, told.data) == (alice.pk, {"reason": "asked by the customer"})
    assert NUMBER not in str(list(Event.objects.values_list("data", "label")))


def test_a_mandate_is_corrected_paused_and_cancelled_and_each_can_be_taken_back(
    as_manager: Client, alice: Customer
) -> None:
    mandate = debiting.mandate(alice)
    opened = page(as_manager, "mandate_edit", mandate.pk)
    assert NUMBER not in opened
    send(as_manager, "mandate_edit", mandate.pk, **typed(account_number="", bank="other", other_bank="Sanlam",
         branch_code="051001", maximum="500.00"))  # fmt: skip
    mandate.refresh_from_db()
    assert (mandate.bank, mandate.account_number, mandate.maximum) == ("Sanlam", NUMBER, Decimal(500))
    assert "is paused" in send(as_manager, "mandate_pause", mandate.pk, reason="holiday")
    assert "It was paused: holiday" in page(as_manager, "mandate_resume", mandate.pk)
    assert "is active" in send(as_manager, "mandate_resume", mandate.pk)
    assert "is cancelled" in send(as_manager, "mandate_cancel", mandate.pk, reason="other bank")
    debiting.mandate(alice)
    assert "ALI001-2" in send(as_manager, "mandate_restore", mandate.pk)
    assert Mandate.objects.standing().get().reference == "ALI001-2"


def test_from_preview_to_returned_on_the_pages(alice: Customer, bob: Customer) -> None:
    DebitSettings.objects.update(service_key=debiting.SERVICE_KEY)
    office, boss = as_role(Role.ACCOUNTS), as_role(Role.FINANCIAL_MANAGER)
    for one in (alice, bob):
        builders.invoice(one, on=debiting.due_invoice_day())
    debiting.mandate(alice)
    shown = send(office, "debit_batch_add", billing_group="", action_on="", service="two_day")
    batch = DebitBatch.objects.get()
    for part in ("looked at 2 = collections 1 + left out 1", "No mandate", "R 115.00", "FNB •••123"):
        assert part in shown, part
    assert "No mandate" in page(office, "debit_batch_left_out", batch.pk)
    for act in ("approve", "send", "cancel"):
        assert office.post(reverse(f"billing:debit_batch_{act}", args=[batch.pk])).status_code == 403
    assert ": 1 collection of R 115.00; nobody can be added" in page(boss, "debit_batch_approve", batch.pk)
    assert "is approved" in send(boss, "debit_batch_approve", batch.pk)
    announce.announce(now()).apply(now())
    notice = Message.objects.get(kind="debit_order_notice", channel="email")
    assert notice.subject == f"Debit order of R 115.00 on {batch.action_on}"
    assert boss.get(reverse("billing:debit_batch_file", args=[batch.pk])).status_code == 404
    assert "Download it and upload it" in send(boss, "debit_batch_send", batch.pk)
    file = boss.get(reverse("billing:debit_batch_file", args=[batch.pk]))
    assert file["Content-Disposition"].endswith('.txt"')
    assert NUMBER.encode() in file.content
    assert office.get(reverse("billing:debit_batch_file", args=[batch.pk])).status_code == 403

    row = DebitRow.objects.get()
    content = debiting.statement(("TDD", row, "115"), ("DRU", "CAT999", "1"))
    shown = send(office, "debit_result_add", file=SimpleUploadedFile("s.txt", content))
    for part in (f"ALI001 Alice Liddell, {batch}", "Of no collection", "To be recorded"):
        assert part in shown, part
    one = ResultImport.objects.get()
    assert "Become payments: 1 collection of R 115.00." in page(office, "debit_result_post", one.pk)
    send(office, "debit_result_post", one.pk)
    sweeps.debit_results(now()).apply(now())
    assert "Recorded" in page(office, "debit_result_detail", one.pk)
    shown = page(office, "debit_batch_detail", batch.pk)
    assert "paid at first R 115.00 = recorded as payments R 115.00" in shown
    assert "Does not hold" not in shown

    back = reverse("billing:debit_row_return")
    assert office.post(f"{back}?pk={row.pk}").status_code == 403
    today = local_day(now())
    assert "Say why it was not paid." in boss.post(f"{back}?pk={row.pk}", {"on": today}).content.decode()
    boss.post(f"{back}?pk={row.pk}", {"on": today, "code": "04", "fee": "20.00"})
    row.refresh_from_db()
    assert (row.state, row.reason) == (RowState.RETURNED, "Payment stopped by the account holder")
    assert "04 Payment stopped" in page(office, "debit_row_list", state="unpaid", customer="ALI001")
    assert Mandate.objects.get().state == "paused"


def test_results_by_hand_for_several_at_once(as_manager: Client) -> None:
    people = [builders.customer() for _ in range(3)]
    for one in people:
        builders.invoice(one, on=debiting.due_invoice_day())
        debiting.mandate(one)
    batch = debiting.sent()
    first, second, third = batch.rows.order_by("pk")
    today = local_day(now())

    def press(act: str, *rows: DebitRow, **data: object) -> str:
        query = "&".join(f"pk={row.pk}" for row in rows)
        url = f"{reverse(f'billing:debit_row_{act}')}?{query}"
        return as_manager.post(url, data, follow=True).content.decode()

    assert "2 collections recorded as paid." in press("accept", first, second, on=today)
    assert "is accepted; reload the page" in press("accept", first, third, on=today)
    assert Payment.objects.count() == 3
    assert "is accepted; reload the page" in press("reject", third, on=today, reason="x")
    batch.refresh_from_db()
    assert batch.state == "done"
    later = (today + timedelta(days=1)).isoformat()
    other = debiting.prepared()
    assert other.rows.count() == 0
    assert "in the future" in press("return", first, on=later, code="02")


def test_the_settings_keep_the_key_unseen(as_manager: Client) -> None:
    values = {"format": "netcash", "service": "same_day", "smallest": "5.00", "fee": "0.00", "forward": "on"}
    send(as_manager, "debit_settings_edit", **values, new_service_key=debiting.SERVICE_KEY)
    shown = page(as_manager, "debit_settings_edit")
    assert debiting.SERVICE_KEY not in shown
    assert "keep the present one" in shown
    send(as_manager, "debit_settings_edit", **{**values, "smallest": "6.00"})
    stored = DebitSettings.get()
    assert (stored.service_key, stored.smallest, stored.collect_part) == (debiting.SERVICE_KEY, 6, False)
    assert "1e3" in send(as_manager, "debit_settings_edit", **{**values, "fee": "1e3"})
    assert debiting.SERVICE_KEY not in str(list(Event.objects.values_list("data", flat=True)))


def test_what_stands_on_a_bank_statement_is_found(as_manager: Client, alice: Customer) -> None:
    mandates = [debiting.mandate(alice)]
    send(as_manager, "mandate_cancel", mandates[0].pk, reason="other bank")
    debiting.mandate(alice)
    builders.invoice(alice, on=debiting.due_invoice_day())
    batch = debiting.sent()
    row = batch.rows.get()
    for text, words in (
        (str(batch), "Sent, collects on"),
        (row.reference, "ALI001 Alice Liddell, R 115.00, sent"),
        ("ali001-2", "ALI001 Alice Liddell, FNB •••123, active"),
    ):
        found = as_manager.get("/search/", {"q": text}).content.decode()
        assert words in found, text
    assert "R 115.00" in as_manager.get(row.get_absolute_url()).content.decode()
