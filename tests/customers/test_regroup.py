"""Deleting, restoring, enabling and disabling a group, and what its members notice (D-1, D-2)."""

import pytest

from customers.accounts import editing, gates, regroup
from customers.accounts.models import Customer, GateKind
from groups.models import CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def vips() -> CustomerGroup:
    return builders.group(title="VIP", vip=True, due_days=30)


@pytest.fixture
def home() -> CustomerGroup:
    return builders.group(title="Home")


@pytest.mark.feature("GRP-14")
@pytest.mark.feature("D-1")
def test_it_moves_every_member_and_records_each(
    vips: CustomerGroup, home: CustomerGroup, manager: User
) -> None:
    members = [builders.customer(group=vips) for _ in range(3)]
    gates.close(members[0], GateKind.DELETED, now(), actor=None)
    assert regroup.delete_group(vips, home, now(), actor=manager) == 3
    assert Customer.objects.filter(group=home).count() == 3
    assert Event.objects.filter(kind="customer.edited", actor=manager).count() == 3
    vips.refresh_from_db()
    assert vips.deleted_at is not None


@pytest.mark.feature("D-1")
def test_it_proposes_the_first_other_group_by_order_title_and_id(home: CustomerGroup) -> None:
    builders.group(title="Aaa", deleted_at=now())
    first, last = builders.group(title="Business"), builders.group(title="Abc", sort_order=5)
    assert list(regroup.targets(home)) == [first, last]


@pytest.mark.feature("D-1")
def test_it_names_the_settings_that_change(vips: CustomerGroup, home: CustomerGroup) -> None:
    found = {(d.setting, d.here, d.there) for d in regroup.differences(vips, home)}
    assert found == {("VIP customers", "Yes", "No"), ("days till invoices due", "30", "system setting")}


@pytest.mark.feature("D-1")
def test_it_refuses_to_delete_the_last_group_or_to_move_to_a_deleted_one(home: CustomerGroup) -> None:
    gone = builders.group(deleted_at=now())
    with pytest.raises(DomainError, match="last group"):
        regroup.delete_group(home, gone, now(), actor=None)
    other = builders.group()
    for target in (gone, home, None):
        with pytest.raises(DomainError, match="Pick another"):
            regroup.delete_group(home, target, now(), actor=None)
    regroup.delete_group(home, other, now(), actor=None)
    with pytest.raises(DomainError, match="deleted already"):
        regroup.delete_group(home, other, now(), actor=None)


@pytest.mark.feature("D-1")
def test_undo_restores_the_group_and_members_not_moved_since(
    vips: CustomerGroup, home: CustomerGroup
) -> None:
    stays, moved_on = builders.customer(group=vips), builders.customer(group=vips)
    native = builders.customer(group=home)
    regroup.delete_group(vips, home, now(), actor=None)
    editing.edit(moved_on, {"group": builders.group(title="Third")}, now(), actor=None)
    assert regroup.restore_group(vips, now(), actor=None) == 1
    titles = {c.pk: c.group.title for c in Customer.objects.select_related("group")}
    assert titles == {stays.pk: "VIP", moved_on.pk: "Third", native.pk: "Home"}
    with pytest.raises(DomainError, match="not deleted"):
        regroup.restore_group(vips, now(), actor=None)


def test_it_does_not_restore_beside_a_new_group_of_that_title(
    vips: CustomerGroup, home: CustomerGroup
) -> None:
    regroup.delete_group(vips, home, now(), actor=None)
    builders.group(title="vip")
    with pytest.raises(DomainError, match="rename"):
        regroup.restore_group(vips, now(), actor=None)


@pytest.mark.feature("GRP-15")
@pytest.mark.feature("GRP-16")
@pytest.mark.feature("D-2")
@pytest.mark.parametrize(("members_too", "still_disabled"), [(True, 0), (False, 1)])
def test_enabling_opens_disabled_members_but_never_a_suspension(
    home: CustomerGroup, members_too: bool, still_disabled: int
) -> None:
    disabled, suspended = builders.customer(group=home), builders.customer(group=home)
    gates.close(disabled, GateKind.DISABLED, now(), actor=None)
    gates.close(suspended, GateKind.SUSPENDED, now(), actor=None)
    regroup.disable_group(home, now(), actor=None)
    home.refresh_from_db()
    assert not home.enabled
    regroup.enable_group(home, now(), actor=None, members_too=members_too)
    home.refresh_from_db()
    assert home.enabled
    assert regroup.disabled_members(home, now()).count() == still_disabled
    assert suspended.gates.standing().filter(kind=GateKind.SUSPENDED).exists()
