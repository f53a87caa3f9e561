"""Deleting and merging the smaller tables' rows, and taking that back."""

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from customers.accounts import editing
from customers.models import Customer
from groups import keeping, removing
from groups.models import BillingGroup, Category, HighSite, Label
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role, User
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def tower() -> HighSite:
    return HighSite.objects.create(name="Tower", latitude="-34.067520", longitude="18.829710")


@pytest.fixture
def topup() -> Category:
    return Category.objects.create(title="Topup", colour="red")


def undo(kind: str = "deleted") -> models.Model:
    return removing.restore(Event.objects.filter(kind__endswith=f".{kind}").first(), now(), actor=None)


def test_deleting_a_high_site_moves_customers_and_nases(
    tower: HighSite, alice: Customer, manager: User
) -> None:
    hill = HighSite.objects.create(name="Hill")
    Customer.objects.update(high_site=tower)
    nas = builders.nas(high_site=tower)
    removing.delete(tower, hill, now(), actor=manager)
    alice.refresh_from_db()
    nas.refresh_from_db()
    assert (alice.high_site, nas.high_site) == (hill, hill)
    assert not HighSite.objects.filter(name="Tower").exists()
    told = Event.objects.about(alice).get()
    assert (told.kind, told.actor, told.data["changes"]) == (
        "customer.edited", manager, {"high_site": ["Tower", "Hill"]},
    )  # fmt: skip
    assert Event.objects.about(nas).get().kind == "nas.edited"


def test_undo_gives_it_back_to_those_not_changed_since(
    tower: HighSite, alice: Customer, bob: Customer
) -> None:
    hill = HighSite.objects.create(name="Hill")
    Customer.objects.update(high_site=tower)
    native, nas = builders.customer(high_site=hill), builders.nas(high_site=tower)
    removing.delete(tower, hill, now(), actor=None)
    editing.edit(bob, {"high_site": None}, now(), actor=None)
    back = undo()
    assert (back.pk, str(back), back.latitude) == (
        tower.pk,
        "Tower",
        tower.__class__.objects.get(name="Tower").latitude,
    )
    found = dict(Customer.objects.values_list("pk", "high_site__name"))
    assert found == {alice.pk: "Tower", bob.pk: None, native.pk: "Hill"}
    nas.refresh_from_db()
    assert nas.high_site == back
    assert Event.objects.get(kind="high_site.restored").data["members"] == 2


def test_without_another_one_members_have_none_and_get_it_back(alice: Customer, bob: Customer) -> None:
    run, later = BillingGroup.objects.create(title="Run 1"), BillingGroup.objects.create(title="Run 2")
    Customer.objects.update(billing_group=run)
    removing.delete(run, None, now(), actor=None)
    assert set(Customer.objects.values_list("billing_group", flat=True)) == {None}
    editing.edit(bob, {"billing_group": later}, now(), actor=None)
    undo()
    assert dict(Customer.objects.values_list("code", "billing_group__title")) == {
        "ALI001": "Run 1", "BOB001": "Run 2",
    }  # fmt: skip


def test_merging_categories_gives_each_member_the_other_once(
    topup: Category, alice: Customer, bob: Customer
) -> None:
    adhoc = Category.objects.create(title="Ad-hoc")
    alice.categories.add(topup, adhoc)
    bob.categories.add(topup)
    removing.delete(topup, adhoc, now(), actor=None)
    assert [list(one.categories.all()) for one in (alice, bob)] == [[adhoc], [adhoc]]
    undo()
    assert [str(c) for c in alice.categories.all()] == ["Ad-hoc", "Topup"]
    assert [str(c) for c in bob.categories.all()] == ["Topup"]
    assert Category.objects.get(title="Topup").colour == "red"


def test_a_deleted_label_is_taken_off_and_put_back(alice: Customer) -> None:
    mark = Label.objects.create(title="Mark")
    alice.labels.add(mark)
    removing.delete(mark, None, now(), actor=None)
    assert not alice.labels.exists()
    undo()
    assert [str(label) for label in alice.labels.all()] == ["Mark"]


def test_what_cannot_be_deleted_or_taken_back_says_why(topup: Category, alice: Customer) -> None:
    adhoc = Category.objects.create(title="Ad-hoc")
    gone = Category.objects.create(title="Gone")
    removing.delete(gone, None, now(), actor=None)
    for target in (gone, topup):
        with pytest.raises(DomainError, match="Pick another"):
            removing.delete(topup, Category(pk=target.pk or gone.pk), now(), actor=None)
    removing.delete(topup, adhoc, now(), actor=None)
    with pytest.raises(DomainError, match="deleted already"):
        removing.delete(Category(pk=topup.pk, title="Topup"), adhoc, now(), actor=None)
    keeping.save(Category(), {"title": "TOPUP"}, now(), actor=None)
    with pytest.raises(DomainError, match="rename that one first"):
        undo()
    Category.objects.filter(title="TOPUP").delete()
    undo()
    with pytest.raises(DomainError, match="back already"):
        undo()


@pytest.mark.parametrize("noun", ["billing_group", "category", "label", "high_site"])
def test_the_pages_name_the_numbers_and_offer_undo(
    as_manager: Client, alice: Customer, bob: Customer, noun: str
) -> None:
    model = next(model for model, name in keeping.NOUNS.items() if name == noun)
    field = "name" if noun == "high_site" else "title"
    row, other = model.objects.create(**{field: "Old"}), model.objects.create(**{field: "New"})
    for customer in (alice, bob):
        if noun in ("billing_group", "high_site"):
            Customer.objects.update(**{noun: row})
        else:
            getattr(customer, {"category": "categories", "label": "labels"}[noun]).add(row)
    listed = as_manager.get(reverse(f"groups:{noun}_list"))
    assert {r.record.num_customers for r in listed.context["table"].paginated_rows} == {0, 2}
    url = reverse(f"groups:{noun}_delete", args=[row.pk])
    assert "2 customers have it and lose it, deleted ones too." in as_manager.get(url).content.decode()
    done = as_manager.post(url, {"instead": other.pk}, follow=True).content.decode()
    assert "Old is deleted; 2 that had it have New instead." in done
    event = Event.objects.get(kind=f"{noun}.deleted")
    back = reverse("groups:removal_undo", args=[event.pk])
    assert back in done
    assert back in as_manager.get(reverse("groups:removal_list")).content.decode()
    assert "Old is back." in as_manager.post(back, follow=True).content.decode()
    assert as_manager.get(back).status_code == 404
    assert back not in as_manager.get(reverse("groups:removal_list")).content.decode()


def test_a_position_is_typed_as_people_write_it_or_refused(as_manager: Client) -> None:
    add = reverse("groups:high_site_add")
    for wrong in ("-34", "95, 18", "1, 200", "nowhere"):
        page = as_manager.post(add, {"name": "Tower", "gps": wrong}).content.decode()
        assert "This is no position" in page
        assert f'value="{wrong}"' in page
    assert as_manager.post(add, {"name": "Tower", "gps": "-34.1,18.8"}).status_code == 302
    site = HighSite.objects.get()
    assert (str(site.latitude), str(site.longitude)) == ("-34.100000", "18.800000")
    edit = reverse("groups:high_site_edit", args=[site.pk])
    page = as_manager.get(edit).content.decode()
    assert 'data-latitude="-34.100000"' in page
    assert 'data-pin-for="id_gps"' in page
    as_manager.post(edit, {"name": "Tower", "gps": ""})
    site.refresh_from_db()
    assert site.latitude is site.longitude is None


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTS, Role.READ_ONLY])
def test_only_managers_delete(client: Client, topup: Category, role: Role) -> None:
    client.force_login(builders.staff(role))
    assert client.post(reverse("groups:category_delete", args=[topup.pk])).status_code == 403
    assert "Delete: Topup" not in client.get(reverse("groups:category_list")).content.decode()
