"""Acts on a data account."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Provider, User
from radius.accounts import lines
from radius.models import DataAccount
from radius.nas.secrets import generate_secret
from tests import builders

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 15, 12, tzinfo=ZoneInfo("Africa/Johannesburg"))


def draft(customer: Customer, **kwargs: object) -> DataAccount:
    fields = {"username": "a@isp.test", "secret": "s3cret", "starts_on": date(2026, 11, 15), **kwargs}
    fields.setdefault("package", builders.package())
    return DataAccount(customer=customer, **fields)


def last_event() -> Event:
    event = Event.objects.first()
    assert event is not None
    return event


@pytest.mark.feature("DAT-3")
def test_it_adds_a_line_and_says_so_on_the_customers_timeline(alice: Customer, manager: User) -> None:
    added = lines.add(draft(alice), NOON, actor=manager)
    event = last_event()
    assert (event.kind, event.actor, event.about_id) == ("data_account.added", manager, alice.pk)
    assert "s3cret" not in str(event.data)
    assert DataAccount.objects.get(pk=added.pk).secret == "s3cret"


def test_it_adds_no_line_to_a_deleted_customer(alice: Customer) -> None:
    gates.close(alice, GateKind.DELETED, NOON, actor=None)
    with pytest.raises(DomainError, match="undelete"):
        lines.add(draft(alice), NOON, actor=None)


def test_it_adds_no_line_on_a_withdrawn_package(alice: Customer) -> None:
    with pytest.raises(DomainError, match="not offered"):
        lines.add(draft(alice, package=builders.package(active=False)), NOON, actor=None)
    assert not DataAccount.objects.exists()


@pytest.mark.feature("DAT-1", "DAT-6")
def test_an_edit_records_old_and_new(alice: Customer) -> None:
    line = lines.add(draft(alice), NOON, actor=None)
    lines.edit(line, {"custom_price": 499, "medium": "wireless"}, NOON, actor=None)
    assert last_event().data == {"changes": {"custom_price": [None, 499]}}
    count = Event.objects.count()
    lines.edit(line, {"custom_price": 499}, NOON, actor=None)
    assert Event.objects.count() == count


def test_a_line_may_keep_a_withdrawn_package_but_not_move_to_one(alice: Customer) -> None:
    line = lines.add(draft(alice), NOON, actor=None)
    line.package.active = False
    line.package.save(update_fields=["active"])
    lines.edit(line, {"package": line.package, "medium": "lte"}, NOON, actor=None)
    with pytest.raises(DomainError, match="not offered"):
        lines.edit(line, {"package": builders.package(active=False)}, NOON, actor=None)


@pytest.mark.feature("DAT-2", "LIF-10")
def test_it_blocks_once_and_unblocks_once(alice: Customer) -> None:
    line = builders.data_account(customer=alice)
    lines.block(line, NOON, actor=None, reason=" abuse ")
    line.refresh_from_db()
    assert (line.blocked, line.blocked_reason) == (True, "abuse")
    with pytest.raises(DomainError, match="already blocked"):
        lines.block(line, NOON, actor=None, reason="again")
    lines.unblock(line, NOON, actor=None)
    assert last_event().kind == "data_account.unblocked"
    with pytest.raises(DomainError, match="not blocked"):
        lines.unblock(line, NOON, actor=None)


def test_it_ends_today_or_later_never_before(alice: Customer) -> None:
    line = builders.data_account(customer=alice)
    with pytest.raises(DomainError, match="passed"):
        lines.end(line, date(2026, 11, 14), NOON, actor=None)
    assert lines.end(line, date(2026, 11, 15), NOON, actor=None).ends_on == date(2026, 11, 15)
    assert last_event().data == {"last_day": "2026-11-15"}
    assert lines.end(line, None, NOON, actor=None).ends_on is None
    assert last_event().kind == "data_account.end_cleared"


def test_an_ended_line_is_not_revived(alice: Customer) -> None:
    line = builders.data_account(customer=alice, ends_on=date(2026, 11, 1))
    with pytest.raises(DomainError, match="add a new"):
        lines.end(line, None, NOON, actor=None)


def test_revealing_the_password_leaves_a_trace_without_it(alice: Customer, manager: User) -> None:
    line = builders.data_account(customer=alice, secret="wire-secret")
    assert lines.reveal_secret(line, NOON, actor=manager, reason="new router") == "wire-secret"
    assert last_event().data == {"reason": "new router"}
    lines.change_secret(line, "other", NOON, actor=manager)
    line.refresh_from_db()
    assert line.secret == "other"
    assert last_event().data == {}


def test_generated_passwords_are_long_and_readable() -> None:
    made = {generate_secret() for _ in range(200)}
    assert len(made) == 200
    assert all(len(text) == 20 and not set(text) & set("lIO0i1o") for text in made)


def test_it_suggests_the_code_at_the_usual_realm(alice: Customer) -> None:
    assert lines.suggest_username(alice) == "ali001"
    Provider.objects.update(email="office@isp.test")
    assert lines.suggest_username(alice) == "ali001@isp.test"
    builders.data_account(customer=alice, username="ALI001@home.test")
    assert lines.suggest_username(alice) == "ali001-2@home.test"
