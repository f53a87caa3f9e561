"""One level, no circles, no master that is none: PostgreSQL says so whoever writes (EDT-19)."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from customers.accounts.models import Customer
from customers.relations import linking
from customers.relations.linking import Links
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from tests import builders


def refused(name: str, **values: object) -> None:
    pk = values.pop("pk")
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Customer.objects.filter(pk=pk).update(**values)


@pytest.mark.feature("EDT-19")
def test_the_database_refuses_every_wrong_link(alice: Customer, bob: Customer) -> None:
    refused("not a master account", pk=alice.pk, master=bob)
    refused("not a reseller", pk=alice.pk, reseller=bob)
    Customer.objects.filter(pk=bob.pk).update(is_master=True, is_reseller=True)
    sub = builders.customer(master=bob, reseller=bob)
    refused("has sub-accounts", pk=bob.pk, is_master=False)
    refused("has customers as a reseller", pk=bob.pk, is_reseller=False)
    refused("one_level", pk=sub.pk, is_master=True)
    refused("one_reseller_level", pk=sub.pk, is_reseller=True)
    Customer.objects.filter(pk=alice.pk).update(is_master=True)
    refused("one_level", pk=alice.pk, master=bob)
    sub.delete()
    Customer.objects.filter(pk=bob.pk).update(is_master=False, is_reseller=False)


def together(*acts: Callable[[], None]) -> list[str]:
    """What each answered: "done" or the refusal."""
    answers, ready = [], Flag()

    def run(act: Callable[[], None]) -> None:
        ready.wait()
        try:
            act()
            answers.append("done")
        except DomainError as refusal:
            answers.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.mark.feature("EDT-19")
@pytest.mark.django_db(transaction=True)
def test_two_who_link_each_other_at_once_make_no_circle() -> None:
    for _ in range(5):
        one, other = builders.customer(), builders.customer()
        Customer.objects.filter(pk__in=[one.pk, other.pk]).update(is_master=True)
        answers = together(
            lambda: linking.link(one, Links(master=other), now(), actor=None),  # noqa: B023
            lambda: linking.link(other, Links(master=one), now(), actor=None),  # noqa: B023
        )
        assert "done" in answers
        assert Customer.objects.filter(pk__in=[one.pk, other.pk], master__isnull=False).count() == 1


@pytest.mark.feature("EDT-19")
@pytest.mark.django_db(transaction=True)
def test_a_master_is_not_unmarked_while_somebody_links_to_it() -> None:
    for _ in range(5):
        master, sub = builders.customer(is_master=True), builders.customer()
        together(
            lambda: linking.attach(sub, master=master, now=now(), actor=None),  # noqa: B023
            lambda: linking.link(master, Links(), now(), actor=None),  # noqa: B023
        )
        master.refresh_from_db()
        sub.refresh_from_db()
        assert sub.master_id is None or master.is_master
