"""The demonstration goes without a trace, and never once there is real paper."""

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from billing.models import Document, GatewayAccount, Payment, Posting
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.demo.removing import remove
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)


def is_guarded() -> bool:
    """Whether the books refuse to be cut."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM billing_document")
    except DatabaseError:
        return True
    return False


def test_real_paper_keeps_everything_and_the_books_stay_guarded() -> None:
    builders.invoice(builders.customer(demonstration=True))
    builders.invoice(builders.customer())
    with pytest.raises(DomainError, match="real customers"):
        remove(now())
    assert Document.objects.count() == 2
    assert is_guarded()


def test_real_money_keeps_everything() -> None:
    builders.invoice(builders.customer(demonstration=True))
    builders.payment(None)
    with pytest.raises(DomainError, match="payments received"):
        remove(now())


def test_what_a_real_customer_went_to_pay_keeps_everything() -> None:
    builders.checkout(builders.customer(demonstration=True))
    builders.checkout(builders.customer())
    with pytest.raises(DomainError, match="payments received"):
        remove(now())


def test_paper_of_the_demonstration_alone_goes_with_it() -> None:
    real = builders.customer()
    theirs = builders.customer(demonstration=True)
    builders.invoice(theirs)
    builders.payment(theirs)
    builders.payment(None, source_key="demo:unknown")
    builders.delivery(builders.checkout(theirs))
    assert remove(now()) == 1
    assert not Payment.objects.exists()
    assert not GatewayAccount.objects.get().enabled
    assert list(Customer.objects.all()) == [real]
    assert not Posting.objects.exists()
    builders.invoice(real)
    assert is_guarded()
