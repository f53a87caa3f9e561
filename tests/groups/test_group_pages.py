"""The pages of customer groups and of what else customers are sorted by."""

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from tests import builders

pytestmark = pytest.mark.django_db
LIST = "/groups/"


def text(response: object) -> str:
    return response.content.decode()


@pytest.mark.feature("GRP-4")
@pytest.mark.feature("GRP-5")
@pytest.mark.feature("NAV-8")
def test_it_lists_groups_by_title_with_blanks_for_no_and_none(as_manager: Client) -> None:
    resellers = builders.group(title="Resellers", vip=True, sync_to_accounting=False)
    builders.group(title="Home", sync_to_accounting=False)
    members = [builders.customer(group=resellers) for _ in range(2)]
    gates.close(members[0], GateKind.DELETED, now(), actor=None)
    table = as_manager.get(LIST).context["table"]
    rows = [[str(cell) for _, cell in row.items()][1:7] for row in table.paginated_rows]
    assert rows == [["", "", "", "", "", ""], ["", "Yes", "", "", "", "1"]]
    headings = [str(c.header) for c in table.columns][:7]
    assert headings == [
        "Group Title", "Group Description", "VIP Customers", "Auto Data Rollover", "Suspensions Disabled",
        "Sync to Accounting System", "Num Customers",
    ]  # fmt: skip


@pytest.mark.feature("GRP-6")
def test_it_shows_deleted_groups_only_when_asked(as_manager: Client) -> None:
    builders.group(title="Stays")
    builders.group(title="Gone", deleted_at=now())
    assert "Gone" not in text(as_manager.get(LIST))
    shown = text(as_manager.get(LIST, {"state": "deleted"}))
    assert "Gone" in shown
    assert "Stays" not in shown


@pytest.mark.feature("GRP-7")
@pytest.mark.feature("GRP-8")
@pytest.mark.feature("GRP-10")
@pytest.mark.feature("GRP-11")
def test_it_adds_a_group_from_three_tabs(as_manager: Client) -> None:
    page = text(as_manager.get(reverse("groups:group_add")))
    assert all(f"{tab}</button>" in page for tab in ("Group Details", "Billing", "Suspension"))
    sent = {"title": "Business", "vip": "on", "due_days": "30", "suspensions_disabled": "on"}
    assert as_manager.post(reverse("groups:group_add"), sent).status_code == 302
    made = CustomerGroup.objects.get(title="Business")
    assert (made.vip, made.due_days, made.suspensions_disabled, made.sync_to_accounting) == (
        True,
        30,
        True,
        False,
    )
    assert Event.objects.get(kind="group.added").label == "Business"


@pytest.mark.feature("GRP-12")
def test_it_edits_a_group_and_records_the_change(as_manager: Client) -> None:
    group = builders.group(title="Home")
    url = reverse("groups:group_edit", args=[group.pk])
    as_manager.post(url, {"title": "Homes", "due_days": "7", "sync_to_accounting": "on"})
    assert Event.objects.get(kind="group.edited").data["changes"] == {
        "title": ["Home", "Homes"], "due_days": [None, 7],
    }  # fmt: skip


@pytest.mark.feature("GRP-7")
def test_it_refuses_a_title_in_use_and_loses_nothing(as_manager: Client) -> None:
    builders.group(title="Home")
    builders.group(title="Old", deleted_at=now())
    sent = {"title": "HOME", "description": "typed with care"}
    page = as_manager.post(reverse("groups:group_add"), sent)
    assert page.status_code == 200
    assert "already a group" in text(page)
    assert "typed with care" in text(page)
    assert as_manager.post(reverse("groups:group_add"), {"title": "Old"}).status_code == 302


@pytest.mark.feature("GRP-13")
@pytest.mark.feature("GRP-14")
@pytest.mark.feature("D-1")
def test_it_names_target_count_and_differences_before_deleting(as_manager: Client) -> None:
    vips, home, other = (builders.group(title=t, vip=t == "VIP") for t in ("VIP", "Home", "Zebra"))
    builders.customer(group=vips)
    url = reverse("customers:group_delete", args=[vips.pk])
    page = text(as_manager.get(url))
    assert "1 customer moves to Home" in page
    assert "VIP customers changes from Yes to No" in page
    done = as_manager.post(url, {"target": other.pk}, follow=True)
    assert Customer.objects.get().group == other
    undo = reverse("customers:group_restore", args=[vips.pk])
    assert undo in text(done)
    as_manager.post(undo)
    assert Customer.objects.get().group == vips
    assert home.customers.count() == 0


@pytest.mark.feature("D-1")
def test_it_says_why_the_last_group_stays(as_manager: Client) -> None:
    group = builders.group()
    url = reverse("customers:group_delete", args=[group.pk])
    assert "last group" in text(as_manager.get(url))
    as_manager.post(url, {})
    group.refresh_from_db()
    assert group.deleted_at is None


@pytest.mark.feature("GRP-15")
@pytest.mark.feature("D-2")
def test_it_counts_disabled_members_before_enabling(as_manager: Client) -> None:
    group = builders.group(enabled=False)
    gates.close(builders.customer(group=group), GateKind.DISABLED, now(), actor=None)
    url = reverse("customers:group_enable", args=[group.pk])
    assert "1 of them was disabled" in text(as_manager.get(url))
    as_manager.post(url, {"members_too": "on"})
    group.refresh_from_db()
    assert group.enabled
    assert not Customer.objects.get().gates.standing().exists()


@pytest.mark.feature("GRP-16")
def test_undo_of_disabling_opens_only_the_group(as_manager: Client) -> None:
    group = builders.group()
    gates.close(builders.customer(group=group), GateKind.DISABLED, now(), actor=None)
    as_manager.post(reverse("customers:group_disable", args=[group.pk]))
    as_manager.post(reverse("customers:group_reopen", args=[group.pk]))
    group.refresh_from_db()
    assert group.enabled
    assert Customer.objects.get().gates.standing().exists()


@pytest.mark.parametrize(
    ("name", "model", "values"),
    [
        ("billing_group", BillingGroup, {"title": "Netcash Run 1", "debit_day": "25"}),
        ("category", Category, {"title": "Topup", "colour": "blue"}),
        ("label", Label, {"title": "Tower 3", "colour": "red"}),
        ("high_site", HighSite, {"name": "Helderberg", "latitude": "-34.06752", "longitude": "18.82971"}),
    ],
)
def test_it_adds_lists_and_edits_the_smaller_tables(
    as_manager: Client, name: str, model: type, values: dict[str, str]
) -> None:
    assert "yet" in text(as_manager.get(reverse(f"groups:{name}_list")))
    assert as_manager.post(reverse(f"groups:{name}_add"), values).status_code == 302
    row = model.objects.get()
    assert str(row) in text(as_manager.get(reverse(f"groups:{name}_list")))
    field = next(iter(values))
    edit = reverse(f"groups:{name}_edit", args=[row.pk])
    assert as_manager.post(edit, values | {field: "Renamed"}).status_code == 302
    assert str(model.objects.get()) == "Renamed"
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == [
        f"{name}.added",
        f"{name}.edited",
    ]
    again = as_manager.post(reverse(f"groups:{name}_add"), values | {field: "renamed"})
    assert again.status_code == 200


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.READ_ONLY, Role.CUSTOMER])
def test_it_lets_only_managers_change_groups(client: Client, role: Role) -> None:
    group = builders.group()
    client.force_login(builders.staff(role))
    for name in ("groups:group_edit", "customers:group_delete", "customers:group_disable"):
        assert client.post(reverse(name, args=[group.pk])).status_code == 403
    assert client.get(LIST).status_code == (403 if role == Role.CUSTOMER else 200)
