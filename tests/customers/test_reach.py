"""Several addresses and numbers of one contact: typed in one box, checked one by one, found, and mailed at."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from customers.accounts import editing, finding, reach
from customers.accounts.forms import emails_field, mobiles_field
from customers.accounts.models import Customer
from customers.accounts.onboarding import NewCustomer, add_customer
from ispbilling.core.clock import now
from ispbilling.core.models import Event
from notifications.announce import announce
from notifications.models import Channel, Message, Rule
from tests import builders


@pytest.mark.feature("EDT-2")
def test_it_reads_lines_and_commas_and_drops_what_comes_twice() -> None:
    text = " a@x.test, B@x.test;\r\nA@X.test\n\n c@x.test ,"
    assert reach.split(text) == ["a@x.test", "B@x.test", "c@x.test"]
    assert (reach.first(text), reach.others(text)) == ("a@x.test", "B@x.test\nc@x.test")
    assert reach.join(reach.first(text), reach.others(text)) == "a@x.test\nB@x.test\nc@x.test"
    assert (reach.split(""), reach.first(" , "), reach.others("")) == ([], "", "")


@pytest.mark.feature("EDT-2")
@pytest.mark.parametrize(
    ("field", "text", "word"),
    [
        (emails_field(), "a@x.test, b@", "“b@” is not"),
        (emails_field(), "\n".join(f"n{n}@x.test" for n in range(11)), "At most 10"),
        (emails_field(required=True), " , ", "required"),
        (mobiles_field(), "0821234567, none", "“none” is not"),
        (mobiles_field(), "1" * 41, "is not a telephone number"),
    ],
)
def test_it_names_the_entry_that_is_wrong(field: object, text: str, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        field.clean(text)


@pytest.fixture
def frik(db: None) -> Customer:
    new = NewCustomer(
        group=builders.group(),
        name="Frikkie Visser",
        email="f@example.test, office@visser.test",
        mobile="+27 82 123 4567\n084 555 1212",
    )
    return add_customer(new, now(), actor=None)


@pytest.mark.feature("EDT-2", "ADD-10")
def test_a_contact_keeps_all_and_the_login_follows_the_first(frik: Customer) -> None:
    contact = frik.contacts.get()
    assert (contact.email, contact.emails) == ("f@example.test", ["f@example.test", "office@visser.test"])
    assert contact.mobiles == ["+27 82 123 4567", "084 555 1212"]
    assert frik.portal_logins.get().user.email == "f@example.test"
    wanted = editing.ContactValues(pk=contact.pk, name="F", email="new@x.test, f@example.test", primary=True)
    editing.edit(frik, {}, now(), actor=None, contacts=[wanted])
    contact.refresh_from_db()
    assert (contact.emails, contact.mobiles) == (["new@x.test", "f@example.test"], [])
    assert frik.portal_logins.get().user.email == "new@x.test"
    changes = Event.objects.get(kind="customer.edited").data["changes"]["contacts"]
    assert "<f@example.test, office@visser.test> +27 82 123 4567, 084 555 1212" in changes[0]


@pytest.mark.parametrize("text", ["office@visser", "0845551212", "+27821234567", "0821234567", "82 123"])
def test_it_is_found_by_any_of_them_however_written(frik: Customer, alice: Customer, text: str) -> None:
    alice.contacts.update(mobile="011 000 0000")
    assert list(finding.matching(Customer.objects.all(), text)) == [frik]


def test_digits_of_two_lines_are_no_number(frik: Customer) -> None:
    frik.contacts.update(more_mobiles="084 555\n1212 000")
    assert not finding.matching(Customer.objects.all(), "0845551212").exists()


@pytest.mark.feature("EDT-2")
def test_papers_go_to_every_address_and_links_to_the_first(frik: Customer) -> None:
    Rule.objects.create(kind="invoice_issued", channel=Channel.SMS, enabled=True)
    paper = builders.invoice(frik)
    announce(now()).apply(now())
    mails = Message.objects.filter(kind="invoice_issued")
    assert sorted(mails.filter(channel=Channel.EMAIL).values_list("to_address", "document")) == [
        ("f@example.test", paper.pk),
        ("office@visser.test", paper.pk),
    ]
    assert mails.get(channel=Channel.SMS).to_address == "+27 82 123 4567"
    assert Message.objects.get(kind="welcome").to_address == "f@example.test"


@pytest.mark.feature("EDT-2")
def test_the_dialog_and_the_profile_show_all(as_manager: Client, frik: Customer) -> None:
    page = as_manager.get(f"/customers/{frik.pk}/edit/").content.decode()
    assert "f@example.test\noffice@visser.test" in page
    widget = as_manager.get(f"/customers/{frik.pk}/?widget=contacts").content.decode()
    assert 'href="tel:084 555 1212"' in widget
    assert 'href="mailto:office@visser.test"' in widget
