"""The table of permissions, the search, the guards and the wake-ups."""

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.test import Client

from ispbilling import search
from ispbilling.core import access, events, registries
from ispbilling.core.models import Role, User
from tests import builders


@pytest.mark.parametrize("permission", access.PERMISSIONS)
def test_every_permission_belongs_to_the_owner_and_never_to_the_portal(permission: str) -> None:
    roles = access.PERMISSIONS[permission]
    assert Role.OWNER in roles
    assert not roles & {Role.RESELLER, Role.CUSTOMER}


def test_read_only_only_views() -> None:
    held = {name for name, roles in access.PERMISSIONS.items() if Role.READ_ONLY in roles}
    assert held - {"staff.use"} == {name for name in held if name.endswith(".view")}


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        (Role.MANAGER, "staff.manage", False),
        (Role.MANAGER, "customers.delete", True),
        (Role.ACCOUNTS, "billing.payments.add", True),
        (Role.ACCOUNTS, "billing.runs.issue", False),
        (Role.SUPPORT, "radius.sessions.disconnect", True),
        (Role.SUPPORT, "billing.payments.add", False),
        (Role.FINANCIAL_MANAGER, "billing.runs.issue", True),
        (Role.CUSTOMER, "staff.use", False),
    ],
)
def test_roles_hold_what_their_work_needs(role: Role, permission: str, allowed: bool) -> None:
    assert access.may(User(role=role, is_active=True), permission) is allowed


def test_nobody_and_the_disabled_may_nothing() -> None:
    assert not access.may(AnonymousUser(), "staff.use")
    assert not access.may(User(role=Role.OWNER, is_active=False), "staff.use")
    with pytest.raises(PermissionDenied):
        access.require(AnonymousUser(), "staff.use")


def test_a_misspelt_permission_is_a_bug() -> None:
    with pytest.raises(LookupError):
        access.may(User(role=Role.OWNER), "customers.veiw")
    with pytest.raises(LookupError):
        access.export_permission_for("nothing.view")


@pytest.fixture
def fruit() -> Iterable[search.Source]:
    def find(text: str, user: User, limit: int) -> list[search.Hit]:
        names = ["Apple", "Apricot", "Banana"]
        return [search.Hit(n, f"/{n.lower()}/", "<b>sweet</b>") for n in names if text.lower() in n.lower()]

    source = search.Source("fruit", "Fruit", "staff.manage", find)
    search.register(source)
    yield source
    del search._sources["fruit"]


def test_the_search_groups_what_the_user_may_find(
    fruit: search.Source, as_owner: Client, as_manager: Client
) -> None:
    page = as_owner.get("/search/?q=ap").content.decode()
    assert 'href="/apple/"' in page
    assert "&lt;b&gt;sweet" in page
    assert "/banana/" not in page
    assert "/apple/" not in as_manager.get("/search/?q=ap").content.decode()
    drop = {"HX-Request": "true", "HX-Target": "search-results"}
    assert "<html" not in as_owner.get("/search/?q=ap", headers=drop).content.decode()
    assert "/apple/" not in as_owner.get("/search/?q=ap&kind=customers").content.decode()


def test_two_sources_cannot_share_a_name(fruit: search.Source) -> None:
    search.register(fruit)
    with pytest.raises(ValueError, match="fruit"):
        search.register(search.Source("fruit", "Other", "staff.use", fruit.find))


def test_guards_say_why_not() -> None:
    registries.add_guard("test.act", lambda obj: "It owes R 5.00." if obj == "debtor" else None)
    assert registries.refusals("test.act", "debtor") == ["It owes R 5.00."]
    assert registries.refusals("test.act", "other") == []
    assert registries.refusals("test.unknown", "debtor") == []


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_comes_after_commit_for_its_kinds_only() -> None:
    woken: list[str] = []
    registries.add_wake_up("fruit.", woken.append)
    user = builders.staff()
    events.record("fruit.ripe", user)
    events.record("other.ripe", user)
    assert woken == ["fruit.ripe"]
