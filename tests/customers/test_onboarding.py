"""Adding a customer: one transaction makes the row, code, primary contact and a login without a password."""

import pytest

from customers.accounts import onboarding
from customers.accounts.models import CodeAlias, Customer, CustomerType
from customers.accounts.onboarding import CodeTaken, NewCustomer, add_customer
from groups.models import Category, CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role, User
from tests import builders


@pytest.fixture
def home(db: None) -> CustomerGroup:
    return builders.group(title="Home")


@pytest.mark.feature("ADD-2")
@pytest.mark.feature("ACC-10")
def test_it_makes_code_contact_login_and_events(home: CustomerGroup, manager: User) -> None:
    category = Category.objects.create(title="Topup")
    new = NewCustomer(
        group=home,
        name="Frikkie Visser",
        email="f@example.test",
        mobile="+27821234567",
        categories=[category],
    )
    customer = add_customer(new, now(), actor=manager)
    contact, login = customer.contacts.get(), customer.portal_logins.get()
    assert (customer.code, contact.name, contact.email, contact.primary) == (
        "FRI001", "Frikkie Visser", "f@example.test", True,
    )  # fmt: skip
    assert (login.user.username, login.user.role, login.user.email) == (
        "FRI001",
        Role.CUSTOMER,
        "f@example.test",
    )
    assert not login.user.has_usable_password()
    assert list(customer.categories.all()) == [category]
    events = {event.kind: event for event in Event.objects.about(customer)}
    assert set(events) == {"customer.added", "portal_login.added"}
    assert events["portal_login.added"].data == {"username": "FRI001", "welcome": True}
    assert all(event.actor == manager for event in events.values())


@pytest.mark.feature("ACC-2")
@pytest.mark.feature("D-25")
def test_it_shares_the_sequence_between_persons_and_companies(home: CustomerGroup) -> None:
    add_customer(NewCustomer(group=home, name="Frikkie Visser"), now(), actor=None)
    company = NewCustomer(group=home, name="Fritz (Pty) Ltd", type=CustomerType.COMPANY)
    assert add_customer(company, now(), actor=None).code == "FRI002"


@pytest.mark.feature("ADD-4")
def test_it_refuses_a_typed_code_in_use_and_replaces_a_generated_one(home: CustomerGroup) -> None:
    builders.customer(code="FRI001", group=home)
    with pytest.raises(CodeTaken):
        add_customer(NewCustomer(group=home, name="Fritz", code="fri001"), now(), actor=None)
    new = NewCustomer(group=home, name="Fritz", code="FRI001", generated=True)
    assert add_customer(new, now(), actor=None).code == "FRI002"


def test_it_refuses_a_former_code_of_another_customer(home: CustomerGroup) -> None:
    CodeAlias.objects.create(customer=builders.customer(group=home), code="OLD001")
    with pytest.raises(CodeTaken):
        add_customer(NewCustomer(group=home, name="Olga", code="OLD001"), now(), actor=None)


@pytest.mark.feature("ACC-13")
def test_it_takes_another_username_and_refuses_one_in_use(home: CustomerGroup) -> None:
    first = add_customer(NewCustomer(group=home, name="Jen", username="JEN004"), now(), actor=None)
    assert first.portal_logins.get().user.username == "JEN004"
    with pytest.raises(DomainError, match="in use"):
        add_customer(NewCustomer(group=home, name="Jenny", username="jen004"), now(), actor=None)
    assert Customer.objects.count() == 1
    assert onboarding.usual_username("CPT/JEN-1") == "CPT-JEN-1"


@pytest.mark.feature("GRP-1")
def test_it_refuses_a_group_that_was_deleted_meanwhile(home: CustomerGroup) -> None:
    CustomerGroup.objects.filter(pk=home.pk).update(deleted_at=now())
    with pytest.raises(DomainError, match="deleted"):
        add_customer(NewCustomer(group=home, name="Late"), now(), actor=None)
    assert not Customer.objects.exists()


def test_it_asks_for_a_code_where_the_name_gives_none(home: CustomerGroup) -> None:
    with pytest.raises(DomainError, match="type a code"):
        add_customer(NewCustomer(group=home, name="@@@"), now(), actor=None)
