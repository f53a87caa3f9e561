"""What decided about a line in the past, and what would with a change (W-3)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.accounts import gates
from customers.models import Customer, GateKind
from groups.models import CustomerGroup
from ispbilling.core.clock import day_end, local_day, now
from ispbilling.core.secrets import SecretField
from radius import subscribers
from radius.history import supposing
from radius.history.models import FactHistory
from radius.history.supposing import Change
from radius.models import AccessAction, DataAccount, Package, ReplyAttribute, Service
from radius.policy.decision import decide
from radius.server.erasing import erase
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-3")]


@pytest.fixture
def line() -> DataAccount:
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    DataAccount.objects.filter(pk=made.pk).update(created_at=now() - timedelta(days=30))
    return made


CHANGES = {
    "block": lambda a, n: DataAccount.objects.filter(pk=a.pk).update(blocked=n % 2 == 0, blocked_reason=f"no {n}"),
    "group": lambda a, n: CustomerGroup.objects.filter(customers=a.customer).update(enabled=n % 2 == 0),
    "move": lambda a, n: Customer.objects.filter(pk=a.customer_id).update(group=builders.group(enabled=n % 3 != 0)),
    "service": lambda a, n: Service.objects.update(authentication=("accept", "reject")[n % 2], down_kbps=n * 1000),
    "package": lambda a, n: DataAccount.objects.filter(pk=a.pk).update(package=builders.package()),
    "timeout": lambda a, n: Package.objects.update(session_timeout=n * 60),
    "mac": lambda a, n: DataAccount.objects.filter(pk=a.pk).update(mac_lock=f"02:00:00:00:00:0{n % 10}"),
    "ends": lambda a, n: DataAccount.objects.filter(pk=a.pk).update(ends_on=local_day(now()) + timedelta(n)),
}  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, 30)), min_size=1, max_size=8))
def test_the_line_of_any_instant_is_the_one_there_was(line, steps):
    known = []
    for name, number in steps:
        at = now()
        known.append((at, subscribers.find_accounts([line.pk], at)[line.pk]))
        CHANGES[name](line, number)
    known.append((now(), subscribers.find_accounts([line.pk], now())[line.pk]))
    for at, then in known:
        assert supposing.line(line.pk, at, at) == then
        assert decide(supposing.find("ALICE@isp.test", at, at), None, at) == decide(then, None, at)
    assert supposing.line(line.pk, at) == then


def test_a_username_is_looked_up_as_it_was(line):
    before = now()
    DataAccount.objects.filter(pk=line.pk).update(username="bob@isp.test")
    later = builders.data_account(username="alice@isp.test")
    assert supposing.find("Alice@isp.test", before, before).account_id == line.pk
    assert supposing.find("bob@isp.test", before, before) is None
    assert supposing.find("bob@isp.test", now(), now()).account_id == line.pk
    assert supposing.find("alice@isp.test", now(), now()).account_id == later.pk
    assert supposing.find("alice@isp.test", before, before - timedelta(days=60)) is None
    assert supposing.find("nobody", before, before) is None


def test_gates_that_were_closed_then_are_closed_then(line):
    gates.close(line.customer, GateKind.SUSPENDED, now(), actor=None, reason="overdue")
    during = now()
    gates.open_(line.customer, GateKind.SUSPENDED, now(), actor=None)
    assert decide(supposing.line(line.pk, during, during), None, during).code == "SUSPENDED"
    assert decide(supposing.line(line.pk, now()), None, now()).accepted


def test_a_change_is_supposed_and_nothing_is_written(line):
    other = builders.package(service=builders.service(down_kbps=99_000))
    gates.close(line.customer, GateKind.SUSPENDED, now(), actor=None)
    CustomerGroup.objects.update(enabled=False)
    DataAccount.objects.update(blocked=True, ends_on=local_day(now()) - timedelta(days=1))
    today = local_day(now())
    change = Change(
        account={"package_id": other.pk, "blocked": False, "ends_on": today},
        group={"enabled": True},
        opened=frozenset({"suspended"}),
    )
    found = supposing.find("alice@isp.test", now(), change=change)
    assert decide(found, None, now()).accepted
    assert (found.terms.down_kbps, found.ends) == (99_000, day_end(today))
    refused = decide(supposing.find("alice@isp.test", now()), None, now())
    assert [gate.code for gate in refused.trace if not gate.open] == [
        "GROUP_DISABLED", "ACCOUNT_CANCELLED", "SUSPENDED", "PACKAGE_BLOCKED",
    ]  # fmt: skip
    assert bool(change)
    assert not supposing.NOTHING


def test_what_came_and_went_is_there_in_its_time(line):
    def facts(at=None):
        found = supposing.line(line.pk, at or now(), at)
        return {action.code for action in found.terms.actions}, decide(found, None, at or now()).action

    gates.close(line.customer, GateKind.SUSPENDED, now() - timedelta(days=1), actor=None)
    AccessAction.objects.filter(code="SUSPENDED").delete()
    before = now()
    action = AccessAction.objects.create(code="SUSPENDED", kind="garden", address_list="owing")
    during = now()
    AccessAction.objects.filter(pk=action.pk).update(kind="reject", address_list="")
    rejected = now()
    AccessAction.objects.filter(pk=action.pk).delete()
    assert facts(before)[1] == "reject"
    assert facts(during) == ({"SUSPENDED"} | facts(before)[0], "garden")
    assert facts(rejected)[1] == "reject"
    assert facts() == facts(before)
    service = line.package.service
    mark = ReplyAttribute.objects.create(service=service, name="Filter-Id", value="gold")
    held = now()
    mark.delete()
    assert ("Filter-Id", "gold") in supposing.line(line.pk, held, held).terms.attributes
    assert ("Filter-Id", "gold") not in supposing.line(line.pk, now()).terms.attributes


def test_no_secret_is_ever_remembered(line):
    line.secret, line.mac_lock = "another-secret", "02:00:00:00:00:01"
    line.save(update_fields=["secret", "mac_lock"])
    line.secret = "a-third-secret"
    line.save(update_fields=["secret"])
    line.delete()
    rows = FactHistory.objects.filter(origin="radius_dataaccount")
    assert rows.count() == 3  # its creation set back, the lock, its end: a new password alone changes no fact
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_object_table FROM information_schema.triggers WHERE trigger_name = 'radius_remember'"
        )
        remembered = {row[0] for row in cursor.fetchall()}
    sealed = {
        (model._meta.db_table, column.column)
        for model in apps.get_models() if model._meta.db_table in remembered
        for column in model._meta.concrete_fields if isinstance(column, SecretField)
    }  # fmt: skip
    assert ("radius_dataaccount", "secret") in sealed
    kept = {(row.origin, column) for row in FactHistory.objects.all() for column in row.row}
    assert not sealed & kept


def test_a_customers_own_details_are_no_fact(line):
    FactHistory.objects.all().delete()
    Customer.objects.update(name="Another")
    assert not FactHistory.objects.exists()
    Customer.objects.update(code="ANO001")
    assert set(FactHistory.objects.get().row) == {"id", "code", "group_id"}


def test_what_is_erased_is_forgotten(line):
    DataAccount.objects.update(mac_lock="02:00:00:00:00:01")
    ReplyAttribute.objects.create(data_account=line, name="Filter-Id", value="alice")
    ReplyAttribute.objects.all().delete()
    erase(line.customer, [])
    assert not FactHistory.objects.exclude(origin="").filter(row__isnull=False).exists()
