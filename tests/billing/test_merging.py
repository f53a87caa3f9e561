"""Merging two records of one customer: everything has a place, no cent is lost, and all of it can be undone."""

from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import sweeps
from billing.documents import credit
from billing.documents.verification import findings
from billing.merging import merging, moves, preview, undoing
from billing.merging.moves import MOVES, STAYS
from billing.models import Balance, Document, RecurringLine, Run
from billing.runs import monthly
from billing.runs.models import RunState
from customers.accounts import deletion, editing, finding, gates
from customers.models import Contact, Customer, GateKind, Merge, Note
from customers.relations import linking
from customers.requests.models import CustomerRequest, Purpose, Rating
from groups.models import Category
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from ispbilling.protection import erasing
from radius import subscribers
from radius.models import DataAccount, SpeedTest
from radius.policy.decision import decide
from tests import builders


def merge(survivor: Customer, loser: Customer, **choices: str) -> Merge:
    return merging.merge(survivor, loser, choices, now(), actor=None, reason="same person")


def total() -> Decimal:
    return Balance.objects.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def owed(customer: Customer) -> Decimal:
    return Balance.objects.filter(customer=customer).values_list("amount", flat=True).first() or Decimal(0)


def faults() -> list[str]:
    return list(findings())


@pytest.fixture
def full(bob: Customer) -> Customer:
    """Bob with something of everything."""
    line = builders.data_account(customer=bob, username="bob@isp.test")
    builders.recurring_line(customer=bob, data_account=line)
    builders.draft(bob)
    builders.portal_user(bob)
    Note.objects.create(customer=bob, text="Rings the bell twice", written_at=now())
    asked = CustomerRequest.objects.create(
        customer=bob, purpose=Purpose.RATING, asked_at=now(), expires_at=now(), answered_at=now()
    )
    Rating.objects.create(customer=bob, request=asked, score=5, received_at=now())
    bob.categories.add(Category.objects.create(title="Ad-hoc"))
    editing.edit(bob, {"code": "BOB002"}, now(), actor=None)
    linking.link(bob, linking.Links(is_master=True, is_reseller=True), now(), actor=None)
    builders.customer(master=bob, reseller=bob)
    builders.invoice(bob)
    builders.phone_number(customer=bob)
    SpeedTest.objects.create(
        token=uuid4(), customer=bob, data_account=line, at=now(), latency_ms=Decimal("9.5"), down_kbps=9000,
        up_kbps=4000, down_octets=10**6, up_octets=10**6,
    )  # fmt: skip
    bob.refresh_from_db()
    return bob


@pytest.mark.feature("D-20")
def test_every_table_that_names_a_customer_is_declared_to_move_or_to_stay() -> None:
    """A later app that adds a foreign key says here what a merge does with it."""
    known = {move.key for move in MOVES} | STAYS.keys()
    found = {f"{rel.related_model._meta.label}.{rel.field.name}" for rel in Customer._meta.related_objects}
    hidden = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is Customer
    }
    assert (found | hidden) == known
    assert not {move.key for move in MOVES} & STAYS.keys()


@pytest.mark.feature("NAV-3", "D-20")
def test_all_that_moves_points_to_the_survivor_and_back_again(alice: Customer, full: Customer) -> None:
    before = {move.key: set(move.rows(full).values_list("pk", flat=True)) for move in MOVES}
    assert all(keys for key, keys in before.items() if "Attachment" not in key)
    made = merge(alice, full)
    for move in MOVES:
        assert not move.rows(full).exists(), move.key
        assert before[move.key] <= set(move.rows(alice).values_list("pk", flat=True)), move.key
    assert alice.contacts.filter(primary=True).count() == 1
    assert [c.title for c in alice.categories.all()] == ["Ad-hoc"]
    alice.refresh_from_db()
    assert (alice.is_master, alice.is_reseller) == (True, True)
    undoing.undo(made, now(), actor=None)
    for move in MOVES:
        assert set(move.rows(full).values_list("pk", flat=True)) == before[move.key], move.key
    assert full.contacts.filter(primary=True).count() == alice.contacts.filter(primary=True).count() == 1
    assert not alice.categories.exists()
    alice.refresh_from_db()
    assert (alice.is_master, alice.is_reseller) == (False, False)
    assert not full.gates.standing().exists()


@pytest.mark.feature("D-20")
def test_the_loser_is_a_hidden_alias_whose_code_leads_to_the_survivor(
    alice: Customer, full: Customer, manager: User
) -> None:
    made = merge(alice, full)
    assert full not in Customer.objects.not_deleted(now())
    for reference in ("BOB002", "bob001", "ALI001"):
        assert finding.by_reference(reference) == alice
    with pytest.raises(DomainError, match="merged into ALI001"):
        deletion.undelete(full, now(), actor=None)
    other = builders.customer()
    with pytest.raises(DomainError, match="once had"):
        editing.edit(other, {"code": "BOB002"}, now(), actor=None)
    kinds = {event.kind for event in Event.objects.about(alice)} & {"customer.merged"}
    assert kinds | {Event.objects.about(full).first().kind} == {"customer.merged", "customer.merged_away"}
    undoing.undo(made, now(), actor=manager)
    assert finding.by_reference("BOB002") == full
    assert Event.objects.about(full).first().kind == "customer.merge_undone"


@pytest.mark.feature("D-20")
def test_money_is_transferred_in_the_ledger_and_paper_stays(alice: Customer, full: Customer) -> None:
    builders.invoice(alice, "50.00", "7.50")
    paper = set(Document.objects.values_list("pk", "customer", "payer"))
    made = merge(alice, full)
    assert (owed(alice), owed(full)) == (Decimal("172.50"), Decimal("0.00"))
    assert set(Document.objects.values_list("pk", "customer", "payer")) == paper
    undoing.undo(made, now(), actor=None)
    assert (owed(alice), owed(full)) == (Decimal("57.50"), Decimal("115.00"))
    assert faults() == []


@pytest.mark.feature("D-20")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 10_000)), max_size=5),
    acts=st.lists(st.tuples(st.sampled_from(["merge", "undo"]), st.permutations([0, 1, 2])), max_size=6),
)
def test_no_merge_or_undo_changes_the_sum_of_balances(db: None, amounts: Any, acts: Any) -> None:
    with transaction.atomic():
        people = [builders.customer() for _ in range(3)]
        for who, cents in amounts:
            builders.invoice(people[who], str(Decimal(cents) / 100), "0.00")
        before, paid = total(), sum(Decimal(cents) / 100 for _, cents in amounts)
        assert before == paid
        done: list[Merge] = []
        for act, (one, other, _) in acts:
            try:
                with transaction.atomic():
                    if act == "merge":
                        done.append(merge(people[one], people[other]))
                    elif done:
                        undoing.undo(done[-1], now(), actor=None)
                        done.pop()
            except DomainError:
                pass
            assert total() == before
            hidden = [record.loser for record in Merge.objects.standing()]
            assert all(owed(loser) == 0 for loser in hidden)
        transaction.set_rollback(True)


@pytest.mark.feature("D-20")
def test_fields_are_filled_in_or_chosen_and_restored(alice: Customer, bob: Customer) -> None:
    editing.edit(alice, {"vat_number": "", "phone": "021 1", "id_number": "8001015009087"}, now(), actor=None)
    editing.edit(
        bob, {"vat_number": "4123", "phone": "021 2", "id_number": "9202204720083"}, now(), actor=None
    )
    for customer in (alice, bob):
        customer.refresh_from_db()
    asked = {one.name: one.asked for one in preview.look(alice, bob).differences}
    assert asked == {"name": True, "vat_number": False, "phone": True, "id_number": True}
    made = merge(alice, bob, phone="loser", id_number="loser", name="survivor")
    alice.refresh_from_db()
    assert (alice.name, alice.vat_number, alice.phone, alice.id_number) == (
        "Alice Liddell", "4123", "021 2", "9202204720083",
    )  # fmt: skip
    assert "8001015009087" not in str(made.trace) + str(list(Event.objects.values("data")))
    editing.edit(alice, {"phone": "021 3"}, now(), actor=None)
    undoing.undo(made, now(), actor=None)
    alice.refresh_from_db()
    assert (alice.vat_number, alice.phone, alice.id_number) == ("", "021 3", "8001015009087")


@pytest.mark.feature("D-20")
def test_undo_leaves_what_was_changed_since(alice: Customer, full: Customer) -> None:
    made = merge(alice, full)
    line = DataAccount.objects.get(username="bob@isp.test")
    third = builders.customer()
    DataAccount.objects.filter(pk=line.pk).update(customer=third)
    RecurringLine.objects.update(customer=third)
    moved = Contact.objects.get(customer=alice, primary=False)
    alice.contacts.update(primary=False)
    Contact.objects.filter(pk=moved.pk).update(primary=True)
    left = {move.label: count for move, _, count in undoing.goes_back(made) if count}
    assert left == {"radius.DataAccount": 1, "billing.RecurringLine": 1, "customers.Contact": 1}
    undoing.undo(made, now(), actor=None)
    line.refresh_from_db()
    moved.refresh_from_db()
    assert (line.customer, moved.customer) == (third, alice)
    assert full.notes.exists()


@pytest.mark.feature("D-20")
def test_the_window_closes_and_merges_are_undone_in_order(
    alice: Customer, bob: Customer, settings: Any
) -> None:
    settings.MERGE_UNDO_DAYS = 7
    carol = builders.customer()
    first = merge(alice, bob)
    second = merge(carol, alice)
    assert finding.by_reference("BOB001") == carol
    with pytest.raises(DomainError, match="undo that first"):
        undoing.undo(first, now(), actor=None)
    with pytest.raises(DomainError, match="7 days"):
        undoing.undo(second, now() + timedelta(days=8), actor=None)
    undoing.undo(second, now(), actor=None)
    undoing.undo(first, now(), actor=None)
    with pytest.raises(DomainError, match="undone already"):
        undoing.undo(first, now(), actor=None)
    assert finding.by_reference("BOB001") == bob


@pytest.mark.feature("D-20", "D-2")
@pytest.mark.parametrize("kind", [GateKind.SUSPENDED, GateKind.DISABLED, GateKind.CANCELLED])
def test_moving_opens_nothing_that_was_closed(alice: Customer, bob: Customer, kind: GateKind) -> None:
    line = builders.data_account(customer=bob)
    charged = builders.recurring_line(customer=bob, data_account=line)
    today = local_day(now())
    if kind == GateKind.CANCELLED:
        gates.cancel(bob, today, now(), actor=None, reason="moves")
    else:
        gates.close(bob, kind, now(), actor=None, reason="fraud")
    made = merge(alice, bob)
    tomorrow = now() + timedelta(days=1)
    at = tomorrow if kind == GateKind.CANCELLED else now()
    assert not decide(subscribers.find_accounts([line.pk], at)[line.pk], None, at).accepted
    charged.refresh_from_db()
    assert charged.ends_on == (today if kind == GateKind.CANCELLED else None)
    undoing.undo(made, now(), actor=None)
    line.refresh_from_db()
    charged.refresh_from_db()
    assert (line.customer, line.blocked, line.ends_on, charged.ends_on) == (bob, False, None, None)
    assert bob.gates.standing().get().kind == kind


@pytest.mark.feature("D-20")
def test_what_cannot_be_merged_says_why_and_what_to_do(alice: Customer, bob: Customer) -> None:
    def why(survivor: Customer, loser: Customer) -> str:
        for customer in (survivor, loser):
            customer.refresh_from_db()
        with pytest.raises(DomainError) as refusal:
            merge(survivor, loser)
        return str(refusal.value)

    assert "two different" in why(alice, alice)
    Customer.objects.filter(pk=alice.pk).update(is_master=True, is_reseller=True)
    Customer.objects.filter(pk=bob.pk).update(master=alice)
    for pair in ((alice, bob), (bob, alice)):
        assert "BOB001 is a sub-account of ALI001; unlink it first." in why(*pair)
    Customer.objects.filter(pk=bob.pk).update(master=None, reseller=alice)
    assert "belongs to the reseller ALI001" in why(alice, bob)
    Customer.objects.filter(pk=bob.pk).update(reseller=None)
    other = builders.customer(master=alice)
    third = builders.customer(master=bob)
    assert "is one itself" in why(third, alice)
    Customer.objects.filter(pk__in=[other.pk, third.pk]).update(master=None)
    run = builders.run()
    Run.objects.filter(pk=run.pk).update(state=RunState.ISSUING)
    assert "billing run is being issued" in why(alice, bob)
    Run.objects.filter(pk=run.pk).update(state=RunState.PREVIEWED)
    gates.close(bob, GateKind.DELETED, now(), actor=None)
    assert "BOB001 is deleted" in why(alice, bob)
    gates.open_(bob, GateKind.DELETED, now(), actor=None)
    gates.close(alice, GateKind.CANCELLED, now(), actor=None)
    assert "other way round" in why(alice, bob)
    assert not Merge.objects.exists()


@pytest.mark.feature("D-20")
def test_a_change_between_preview_and_press_merges_nothing(alice: Customer, bob: Customer) -> None:
    seen = preview.look(alice, bob).seen
    builders.data_account(customer=bob)
    with pytest.raises(DomainError, match="changed meanwhile"):
        merging.merge(alice, bob, {}, now(), actor=None, seen=seen)
    assert DataAccount.objects.get().customer == bob


@pytest.mark.feature("D-20")
def test_a_run_previewed_before_bills_the_line_once_and_to_the_survivor(
    alice: Customer, bob: Customer, manager: User
) -> None:
    builders.recurring_line(customer=bob)
    run = builders.run()
    monthly.approve(run, now(), actor=manager)
    merge(alice, bob)
    monthly.begin(run.pk)
    monthly.issue_chunk(run.pk, 0, now())
    monthly.finish(run.pk, now())
    assert not Document.objects.exists(), "both are parked: nobody looked at that bill"
    again = builders.run()
    monthly.approve(again, now(), actor=manager)
    monthly.begin(again.pk)
    monthly.issue_chunk(again.pk, 0, now())
    assert Document.objects.get().payer == alice


@pytest.mark.feature("D-20")
def test_a_credit_note_on_old_paper_follows_the_merge(alice: Customer, bob: Customer) -> None:
    paper = builders.invoice(bob)
    merge(alice, bob)
    credit.credit(paper, local_day(now()), now(), actor=None, reason="wrong")
    assert (owed(alice), owed(bob)) == (Decimal("115.00"), Decimal("-115.00"))
    assert sweeps.merged_balances(now()).apply(now()).applied == 1
    assert (owed(alice), owed(bob)) == (Decimal("0.00"), Decimal("0.00"))
    assert not len(sweeps.merged_balances(now()))
    undoing.undo(Merge.objects.get(), now(), actor=None)
    assert (owed(alice), owed(bob)) == (Decimal("0.00"), Decimal("0.00"))
    assert faults() == []


@pytest.mark.feature("D-20")
def test_sub_accounts_keep_being_paid_by_a_master(alice: Customer, bob: Customer) -> None:
    sub = builders.customer(master=bob)
    Customer.objects.filter(pk=bob.pk).update(bill_all_to_master=True)
    bob.refresh_from_db()
    made = merge(alice, bob)
    sub.refresh_from_db()
    assert (sub.master, sub.bill_all_to_master) == (alice, True)
    undoing.undo(made, now(), actor=None)
    sub.refresh_from_db()
    assert (sub.master, sub.bill_all_to_master) == (bob, False)


@pytest.mark.feature("D-20")
@pytest.mark.django_db(transaction=True)
def test_two_people_who_merge_the_same_pair_at_once_make_one_merge() -> None:
    one, other = builders.customer(), builders.customer()
    builders.invoice(other)
    answers: list[str] = []

    def press(survivor: Customer, loser: Customer) -> None:
        try:
            merge(survivor, loser)
            answers.append("done")
        except DomainError as refusal:
            answers.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=press, args=pair) for pair in ((one, other), (other, one), (one, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("done") == 1
    assert sum("deleted or merged already" in answer for answer in answers) == 2
    assert Merge.objects.standing().count() == 1
    assert total() == Decimal("115.00")


@pytest.mark.feature("D-20")
def test_whoever_is_forgotten_is_forgotten_under_every_code(
    alice: Customer, bob: Customer, manager: User, settings: Any
) -> None:
    settings.ERASE_AFTER_YEARS = 0
    editing.edit(alice, {"phone": "021 555 0001", "id_number": "8001015009087"}, now(), actor=None)
    editing.edit(bob, {"phone": "021 555 0002", "id_number": "9202204720083"}, now(), actor=None)
    for customer in (alice, bob):
        customer.refresh_from_db()
    made = merge(alice, bob, phone="loser", id_number="loser", name="loser")
    deletion.delete(alice, now(), actor=None, reason="asked to be forgotten")
    erasing.erase(alice, "asked", now(), actor=manager)
    made.refresh_from_db()
    bob.refresh_from_db()
    assert (bob.name, bob.phone, bob.id_number) == ("(erased)", "", "")
    assert made.former_id_number == ""
    assert "021 555" not in str(made.trace) + made.reason
    with pytest.raises(DomainError, match="erased for good"):
        merge(builders.customer(), alice)


def test_the_page_names_what_moves(alice: Customer, full: Customer) -> None:
    shown = preview.look(alice, full)
    sentences = " ".join(preview.consequences(alice, full, shown, now()))
    for words in ("1 data account", "1 recurring line", "1 note", "R 115.00", "former code of ALI001"):
        assert words in sentences
    assert moves.MOVES[0].words(2) == "2 data accounts"


@pytest.mark.feature("D-20")
def test_a_line_of_a_disabled_group_arrives_blocked(alice: Customer, bob: Customer) -> None:
    """The group is a gate, too: moving its customer's line elsewhere opens nothing."""
    Customer.objects.filter(pk=bob.pk).update(group=builders.group(title="Closed", enabled=False))
    line = builders.data_account(customer=bob, username="bob@isp.test")
    bob.refresh_from_db()
    said = preview.consequences(alice, bob, preview.look(alice, bob), now())
    assert any("Group disabled: Closed" in sentence for sentence in said)
    made = merge(alice, bob)
    line.refresh_from_db()
    assert (line.blocked, line.blocked_reason) == (True, "Group disabled as BOB001 before the merge: Closed")
    undoing.undo(made, now(), actor=None)
    line.refresh_from_db()
    assert not line.blocked


@pytest.mark.feature("D-20")
def test_it_says_who_pays_when_that_changes(alice: Customer, bob: Customer) -> None:
    master = builders.customer(code="WON001", name="Wonderland", is_master=True)
    Customer.objects.filter(pk=alice.pk).update(master=master, bill_all_to_master=True)
    alice, bob = Customer.objects.get(pk=alice.pk), Customer.objects.get(pk=bob.pk)
    said = preview.consequences(alice, bob, preview.look(alice, bob), now())
    assert any("WON001 Wonderland is invoiced for what BOB001 uses from now on" in one for one in said)


@pytest.mark.feature("D-20")
def test_it_says_nothing_of_payers_when_none_changes(alice: Customer, bob: Customer) -> None:
    said = preview.consequences(alice, bob, preview.look(alice, bob), now())
    assert not any("is invoiced for" in one for one in said)
