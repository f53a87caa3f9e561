"""The pages of customer groups and of what else customers are sorted by."""

import pytest
from django import forms
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from groups import keeping
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core import external, registries
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Form
from ispbilling.core.models import AccountingSystem, Event, ExternalKind, Provider, Role
from ispbilling.core.parts import Tab
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


@pytest.mark.feature("GRP-12")
def test_the_second_of_two_who_edit_is_told_and_loses_nothing(as_manager: Client) -> None:
    group = builders.group(title="Home")
    url = reverse("groups:group_edit", args=[group.pk])

    def opened() -> str:
        return str(as_manager.get(url).context["form"]["details"]["seen"].value())

    first, second = opened(), opened()
    as_manager.post(url, {"title": "Homes", "seen": first})
    page = as_manager.post(url, {"title": "Houses", "description": "typed with care", "seen": second})
    assert "changed the" in text(page)
    assert "title from Home to Homes" in text(page)
    assert "typed with care" in text(page)
    assert CustomerGroup.objects.get().title == "Homes"
    again = str(page.context["form"]["details"]["seen"].value())
    assert as_manager.post(url, {"title": "Houses", "seen": again}).status_code == 302
    assert CustomerGroup.objects.get().title == "Houses"


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
def test_another_target_shows_its_own_differences(as_manager: Client) -> None:
    vips, home, other = (builders.group(title=t, vip=t != "Home") for t in ("VIP", "Home", "Zebra"))
    url = reverse("customers:group_delete", args=[vips.pk])
    dialog = {"HX-Request": "true", "HX-Target": "dialog-content"}
    assert "VIP customers changes from Yes to No" in text(as_manager.get(url, headers=dialog))
    page = text(as_manager.get(url, {"target": other.pk}, headers=dialog))
    assert "0 customers move to Zebra" in page
    assert "Zebra has the same settings" in page
    assert f'<option value="{other.pk}" selected' in page
    for nonsense in ("x", "9" * 30, str(vips.pk), "²"):
        assert f"move to {home}" in text(as_manager.get(url, {"target": nonsense}))


@pytest.mark.feature("GRP-6")
def test_it_lists_disabled_groups_apart_and_greys_them(as_manager: Client) -> None:
    builders.group(title="Stays")
    builders.group(title="Shut", enabled=False)
    rows = as_manager.get(LIST, {"state": "disabled"}).context["table"].paginated_rows
    assert [(row.record.title, row.attrs["class"]) for row in rows] == [("Shut", "row-off odd")]


@pytest.mark.feature("GRP-12", "GRP-13", "GRP-15", "GRP-16")
def test_the_dialog_has_the_buttons_of_the_guide(as_manager: Client, client: Client) -> None:
    group = builders.group()
    url = reverse("groups:group_edit", args=[group.pk])
    page = text(as_manager.get(url))
    for name in ("group_disable", "group_delete"):
        assert reverse(f"customers:{name}", args=[group.pk]) in page
    CustomerGroup.objects.update(enabled=False)
    assert reverse("customers:group_enable", args=[group.pk]) in text(as_manager.get(url))


@pytest.mark.feature("GRP-10", "GRP-11")
def test_another_app_adds_a_tab_to_the_dialog(as_manager: Client) -> None:
    saved = []

    class ExtraForm(Form):
        days = forms.IntegerField(required=False)

    def save(form: ExtraForm, obj: CustomerGroup, actor: object) -> None:
        saved.append((obj.title, form.cleaned_data["days"]))

    tab = Tab("extra", "Overdue", ExtraForm, save=save)
    registries.add_tab("groups:group_edit", tab)
    try:
        url = reverse("groups:group_edit", args=[builders.group(title="Home").pk])
        titles = [tab.title for tab, _ in as_manager.get(url).context["form"]]
        assert titles == ["Group Details", "Billing", "Suspension", "Overdue"]
        as_manager.post(url, {"title": "Home", "extra-days": "14"})
    finally:
        registries._tabs["groups:group_edit"].remove(tab)
    assert saved == [("Home", 14)]


@pytest.mark.feature("GRP-8", "D-22")
def test_the_accounting_id_is_asked_only_where_there_is_an_accounting_system(as_manager: Client) -> None:
    add = reverse("groups:group_add")
    assert "accounting_id" not in text(as_manager.get(add))
    as_manager.post(add, {"title": "Without", "accounting_id": "77"})
    Provider.objects.update(accounting_system=AccountingSystem.SAGEONE)
    assert "SageOne ID" in text(as_manager.get(add))
    as_manager.post(add, {"title": "With", "accounting_id": " 77 "})
    told = external.ids(ExternalKind.GROUP, CustomerGroup.objects.values_list("pk", flat=True))
    assert told == {CustomerGroup.objects.get(title="With").pk: "77"}
    refused = text(as_manager.post(add, {"title": "Another", "accounting_id": "77"}))
    assert "The group With has this ID already." in refused
    for title in ("Third", "Fourth"):  # no id is not the same id
        assert as_manager.post(add, {"title": title}).status_code == 302


@pytest.mark.feature("D-22")
def test_two_who_save_the_same_accounting_id_at_once_cannot_both(db: None) -> None:
    Provider.objects.update(accounting_system=AccountingSystem.SAGEONE)
    keeping.save(CustomerGroup(), {"title": "One", "accounting_id": "77"}, now(), actor=None)
    with pytest.raises(DomainError, match="Another customer group has this SageOne ID"):
        keeping.save(CustomerGroup(), {"title": "Two", "accounting_id": "77"}, now(), actor=None)


@pytest.mark.feature("GRP-2")
def test_a_customer_is_in_exactly_one_group_and_in_many_categories(alice: Customer) -> None:
    alice.categories.add(*(Category.objects.create(title=title) for title in ("Topup", "Ad-hoc")))
    assert alice.categories.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.update(group=None)


@pytest.mark.feature("GRP-3")
def test_an_empty_list_says_what_groups_are_for(as_manager: Client) -> None:
    assert "business, VIP, resellers, home users" in text(as_manager.get(LIST))


@pytest.mark.feature("GRP-9")
def test_the_rollover_switch_says_its_rule_and_is_off_until_chosen(as_manager: Client) -> None:
    page = text(as_manager.get(reverse("groups:group_add")))
    assert "All unused data of the previous month rolls into the new month" in page
    as_manager.post(reverse("groups:group_add"), {"title": "Plain"})
    as_manager.post(reverse("groups:group_add"), {"title": "Rolls", "auto_data_rollover": "on"})
    found = dict(CustomerGroup.objects.values_list("title", "auto_data_rollover"))
    assert found == {"Plain": False, "Rolls": True}


@pytest.mark.feature("GRP-17", "D-3")
def test_a_group_makes_its_members_vip_and_their_own_flag_does_too(as_manager: Client) -> None:
    vips, home = builders.group(title="VIP", vip=True), builders.group(title="Home")
    by_group, by_itself = builders.customer(group=vips), builders.customer(group=home, vip=True)
    plain = builders.customer(group=home)
    found = as_manager.get("/customers/", {"vip": "yes"}).context["table"].paginated_rows
    assert [row.record for row in found] == [by_group, by_itself]
    assert ["VIP" in str(row.get_cell("status")) for row in found] == [True, True]
    CustomerGroup.objects.filter(pk=vips.pk).update(vip=False)
    by_group.refresh_from_db()
    assert [c.effective_vip for c in (by_group, by_itself, plain)] == [False, True, False]


@pytest.mark.feature("D-2")
def test_it_asks_about_disabled_members_only_where_there_are_any(as_manager: Client) -> None:
    group = builders.group(enabled=False)
    builders.customer(group=group)
    url = reverse("customers:group_enable", args=[group.pk])
    page = text(as_manager.get(url))
    assert "members_too" not in page
    assert "Suspended and cancelled customers and blocked packages stay as they are" in page
    as_manager.post(url)
    group.refresh_from_db()
    assert group.enabled


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
        ("high_site", HighSite, {"name": "Helderberg", "gps": "(-34.06752, 18.82971)"}),
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
