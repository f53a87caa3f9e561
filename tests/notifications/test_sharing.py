"""Several workers share the queues: what one of them holds, the others pass over."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import now
from ispbilling.core.models import Event
from ispbilling.core.plans import Plan, Result
from notifications.announce import announce
from notifications.deliver import deliver
from notifications.models import Message
from tests import builders
from tests.notifications.conftest import Mailbox


def elsewhere(plan: Plan) -> Result:
    """Apply the plan over another connection, as another worker does."""

    def apply() -> Result:
        try:
            return plan.apply(now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        return other.submit(apply).result()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_message_another_worker_is_sending_is_not_sent_again(
    transactional_db: None, mailbox: Mailbox
) -> None:
    customer = builders.customer()
    held, free = (builders.message(customer=customer) for _ in range(2))
    plan = deliver(now())
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=held.pk)
        assert elsewhere(plan).applied == 1
    assert len(mailbox.mails) == 1
    assert plan.apply(now()).applied == 1
    assert len(mailbox.mails) == 2
    assert free.pk != held.pk


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_event_another_worker_is_announcing_is_left_to_it() -> None:
    customer: Customer = builders.customer()
    held, _ = (events.record("customer.cancellation_cleared", customer) for _ in range(2))
    plan = announce(now())
    with transaction.atomic():
        Event.objects.select_for_update(no_key=True).get(pk=held.pk)
        assert elsewhere(plan).applied == 1
    assert plan.apply(now()).applied == 1
    assert Message.objects.count() == 2
