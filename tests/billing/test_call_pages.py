"""Pages of calls: from a price list and a file to the list of what waits, the profile, and the portal."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from billing import sweeps
from billing.calls.models import Call, CallImport, CallSettings, PhoneNumber
from billing.models import Document, PhoneCostingModel
from billing.runs import monthly
from billing.runs.planning import Asked, plan
from customers.models import Customer
from ispbilling.core.clock import add_months, local_day, month_of, now
from ispbilling.core.models import Role
from tests import builders

pytestmark = pytest.mark.django_db

THIS = local_day(now()).replace(day=1)
LAST = add_months(THIS, -1)
FILE = (
    "Caller,Called,Started,Seconds,Cost\n"
    f"021 555 0100,082 123 4567,{LAST} 09:15:00,134,0.90\n"
    f"021 555 0100,+442071234567,{LAST} 10:15:00,60,1.10\n"
    f"021 555 0199,0821234567,{LAST} 11:15:00,60,\n"
)


@pytest.fixture
def office(client: Client) -> Client:
    """Somebody who may do all of it."""
    client.force_login(builders.staff(Role.OWNER))
    return client


def upload(office: Client, url: str, text: str, **more: str) -> str:
    file = SimpleUploadedFile("calls.csv", text.encode())
    return office.post(url, {"file": file, **more}, follow=True).content.decode()


def imported(office: Client) -> CallImport:
    upload(office, reverse("billing:call_import_add"), FILE)
    one = CallImport.objects.latest("pk")
    office.post(reverse("billing:call_import_start", args=[one.pk]))
    sweeps.call_imports(now()).apply(now())
    one.refresh_from_db()
    return one


def text(office: Client, name: str, *args: object, query: str = "") -> str:
    return office.get(reverse(name, args=args) + query).content.decode()


@pytest.mark.feature("SET-2")
def test_a_price_list_is_made_uploaded_and_chosen(office: Client, alice: Customer) -> None:
    office.post(reverse("billing:phone_costing_add"), {"title": "Standard"})
    model = PhoneCostingModel.objects.get()
    rates = reverse("billing:phone_rate_upload", args=[model.pk])
    assert "is no price" in upload(office, rates, "prefix,destination,per minute\n27,SA,1e3\n")
    assert not model.rates.exists()
    page = upload(
        office, rates, "Prefix,Destination,Per minute,First seconds\n+27,SA,1.00,60\n082,Mobile,0.85,\n"
    )
    assert "2 added" in page
    add = reverse("billing:phone_rate_add", args=[model.pk])
    rate = {"prefix": "44", "destination": "UK", "per_minute": "2", "connection_fee": "0", "first_seconds": "1",
            "next_seconds": "1", "minimum_charge": "0"}  # fmt: skip
    assert "with a point" in office.post(add, rate | {"per_minute": "-2"}).content.decode()
    assert "has a rate for 27 already" in office.post(add, rate | {"prefix": "0027"}).content.decode()
    office.post(add, rate)
    assert list(model.rates.values_list("prefix", "per_minute")) == [
        ("27", Decimal(1)), ("2782", Decimal("0.8500")), ("44", Decimal(2)),
    ]  # fmt: skip

    settings = reverse("billing:settings_edit")
    opened = office.get(settings).context["form"]
    sent = {form.add_prefix(name): form[name].value() for _, form in opened for name in form.fields}
    sent = {name: value for name, value in sent.items() if value is not None and value is not False}
    office.post(settings, sent | {"calls-default_model": model.pk})
    assert CallSettings.get().default_model == model
    delete = reverse("billing:phone_costing_delete", args=[model.pk])
    assert "It is the default" in office.get(delete).content.decode()
    assert "Phone costing model" in text(office, "customers:customer_edit", alice.pk)


@pytest.mark.feature("SET-2", "USE-11", "PRO-8", "PRO-9")
def test_a_file_is_previewed_imported_and_what_waits_is_settled(office: Client, alice: Customer) -> None:
    model = builders.phone_model(("27", "1.00"))
    CallSettings.objects.update(default_model=model)
    office.post(
        reverse("billing:phone_number_add", args=[alice.pk]), {"label": "021 555 0100", "starts_on": LAST}
    )
    sweeps.price_calls(now()).apply(now())
    preview = upload(office, reverse("billing:call_import_add"), FILE)
    assert "Alice Liddell" in preview
    assert "R 2.2333" in preview
    assert not Call.objects.exists()
    one = CallImport.objects.get()
    columns = reverse("billing:call_import_columns", args=[one.pk])
    twice = {
        "first": 2,
        "column_0": "caller",
        "column_1": "caller",
        "column_2": "started",
        "column_3": "seconds",
    }
    assert "one column only" in office.post(columns, twice).content.decode()
    office.post(reverse("billing:call_import_discard", args=[one.pk]))

    one = imported(office)
    assert "Of unknown callers" in text(office, "billing:call_import_detail", one.pk)
    assert "+27215550199" in text(office, "billing:caller_list")
    unrated = text(office, "billing:unrated_list")
    assert "prefix=4420" in unrated
    office.post(
        reverse("billing:phone_rate_add", args=[model.pk]),
        {"prefix": "4420", "destination": "London", "per_minute": "2", "connection_fee": "0",
         "first_seconds": "1", "next_seconds": "1", "minimum_charge": "0"},
    )  # fmt: skip
    assign = reverse("billing:phone_number_assign") + "?number=%2B27215550199"
    assert f'value="{LAST}"' in office.get(assign).content.decode()
    told = {"account_code": "nobody", "label": "+27215550199", "starts_on": LAST}
    assert "No customer has this" in office.post(assign, told).content.decode()
    office.post(assign, told | {"account_code": "ali001"})
    assert PhoneNumber.objects.count() == 2
    sweeps.price_calls(now()).apply(now())
    assert "Every call has its customer" in text(office, "billing:caller_list")
    listed = text(office, "billing:call_list", query="?customer=ALI001&state=open")
    assert listed.count("ALI001") >= 3
    lines = text(office, "customers:customer_detail", alice.pk, query="?widget=phone_numbers")
    assert "3 calls, 4 m" in lines
    chart = text(office, "customers:customer_detail", alice.pk, query="?widget=phone_usage")
    assert "Call cost" in chart
    assert f"customer=ALI001&amp;since={THIS}&amp;until={THIS}" in chart
    assert "3 calls" not in text(office, "radius:usage_detail", alice.pk, query="?widget=phone_usage")

    office.post(reverse("billing:call_leave_out"), {"pk": Call.objects.last().pk, "reason": "a test"})
    assert Call.objects.filter(state="left_out").count() == 1
    office.post(reverse("billing:call_take_in"), {"pk": Call.objects.get(state="left_out").pk})
    assert Call.objects.filter(state="rated").count() == 3
    office.post(reverse("billing:call_import_undo", args=[one.pk]))
    assert not Call.objects.exists()


@pytest.mark.feature("SET-2")
def test_an_invoice_leads_to_its_calls_for_staff_and_in_the_portal(
    office: Client, alice: Customer, bob: Customer
) -> None:
    CallSettings.objects.update(default_model=builders.phone_model(("27", "1.00"), ("44", "2.00")))
    builders.phone_number(
        "27215550100", label="021 555 0100", customer=alice, starts_on=LAST - timedelta(days=9)
    )
    imported(office)
    run = plan(Asked(month_of(THIS), THIS), now(), actor=None)
    assert "1 call of" in text(office, "billing:run_detail", run.pk)
    monthly.approve(run, now(), actor=None)
    sweeps.issue_runs(now()).apply(now())
    invoice = Document.objects.get()
    assert "2 calls, 3 m" in text(office, "billing:document_detail", invoice.pk)
    listed = text(office, "billing:call_list", query=f"?document={invoice.pk}")
    assert "R 2.2333" in listed
    assert "021" not in text(office, "billing:call_list", query="?customer=BOB001")
    assert "R 2.2333" in text(office, "billing:call_list", query="?since=0001-01-01&until=9999-12-31")

    portal = Client()
    portal.force_login(builders.portal_user(alice))
    assert "Calls in" in text(portal, "portal:document_detail", invoice.pk)
    month = f"?month={LAST:%Y-%m}"
    page = text(portal, "portal:calls", query=month)
    assert "2 calls, 3 m, before VAT" in page
    assert "+442071234567" in page
    assert portal.get(reverse("portal:calls") + "?month=2999-01").status_code == 404
    other = Client()
    other.force_login(builders.portal_user(bob))
    assert "No phone number" in text(other, "portal:calls", query=month)
    assert "+44207" not in text(other, "portal:calls", query=month)
