"""Notes on a customer: who wrote what when, pinned ones first, found by their words, removed and taken back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts.models import Customer
from customers.notes import writing
from customers.notes.models import LONGEST, Note
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role, User
from tests import builders

pytestmark = pytest.mark.feature("PRO-11")


@pytest.fixture
def sam(db: None) -> Iterator[User]:
    return builders.staff(Role.SUPPORT, username="sam")


@pytest.fixture
def as_sam(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def widget(client: Client, customer: Customer) -> str:
    return client.get(customer.get_absolute_url(), {"widget": "notes"}).content.decode()


def do(client: Client, verb: str, note: Note, **data: str) -> str:
    return client.post(reverse(f"customers:note_{verb}", args=[note.pk]), data, follow=True).content.decode()


def test_a_note_says_who_wrote_it_and_is_never_html(as_sam: Client, alice: Customer) -> None:
    text = "<script>alert(1)</script> & the gate code is 4711\nring twice"
    there = reverse("customers:customer_note_add", args=[alice.pk])
    found = as_sam.post(there, {"text": text}, follow=True).content.decode()
    assert "The note is added." in found
    shown = widget(as_sam, alice)
    assert "sam" in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; the gate code is 4711\nring twice" in shown
    assert "<script>alert" not in shown
    event = Event.objects.about(alice).get()
    assert (event.kind, event.actor.username, event.data) == ("note.added", "sam", {})
    assert "4711" not in event.label


def test_pinned_notes_come_first_and_the_newest_next(as_sam: Client, alice: Customer) -> None:
    old, _, new = (builders.note(customer=alice, text=text) for text in ("the old", "the middle", "the new"))
    do(as_sam, "pin", old)
    shown = widget(as_sam, alice)
    assert shown.index("the old") < shown.index("the new") < shown.index("the middle")
    do(as_sam, "unpin", old)
    shown = widget(as_sam, alice)
    assert shown.index("the new") < shown.index("the old")


def test_only_its_author_changes_the_words_of_a_note(as_sam: Client, sam: User, as_manager: Client) -> None:
    note = writing.add(builders.customer(), "call back", now(), actor=sam)
    page = reverse("customers:note_edit", args=[note.pk])
    assert "Only its author" in as_manager.get(page).content.decode()
    assert "Only its author" in do(as_manager, "edit", note, text="mine now", seen="new")
    assert "call back" in as_sam.get(page).content.decode()
    assert "The note is saved." in do(as_sam, "edit", note, text="call back at 5", seen="new")
    note.refresh_from_db()
    assert note.text == "call back at 5"
    assert note.edited_at is not None


def test_two_windows_do_not_overwrite_each_other(as_sam: Client, sam: User) -> None:
    note = writing.add(builders.customer(), "first", now(), actor=sam)
    writing.change(note, "second", now(), actor=sam, seen="new", pinned=False)
    found = do(as_sam, "edit", note, text="third", seen="new")
    assert "changed in another window" in found
    assert "third" in found
    state = writing.state_of(Note.objects.get(pk=note.pk))
    do(as_sam, "edit", note, text="third", seen=state)
    assert Note.objects.get(pk=note.pk).text == "third"


def test_removing_offers_undo_and_the_list_still_has_it(as_sam: Client, alice: Customer) -> None:
    note = builders.note(customer=alice, text="the secret promise")
    found = do(as_sam, "remove", note)
    assert reverse("customers:note_restore", args=[note.pk]) in found
    assert "the secret promise" not in widget(as_sam, alice)
    there = reverse("customers:customer_notes", args=[alice.pk])
    assert "1</span> removed not shown" in as_sam.get(there).content.decode()
    assert "the secret promise" in as_sam.get(there, {"state": "removed"}).content.decode()
    assert "has been removed" in do(as_sam, "remove", note)
    do(as_sam, "restore", note)
    assert "the secret promise" in widget(as_sam, alice)
    assert [e.kind for e in Event.objects.about(alice)] == ["note.restored", "note.removed"]


def test_notes_are_searched_by_their_words(as_sam: Client, alice: Customer, bob: Customer) -> None:
    builders.note(customer=alice, text="Router under the stairs")
    builders.note(customer=alice, text="Prefers WhatsApp")
    builders.note(customer=bob, text="Router on the roof")
    there = reverse("customers:customer_notes", args=[alice.pk])
    found = as_sam.get(there, {"q": "router"}).content.decode()
    assert "under the stairs" in found
    assert "WhatsApp" not in found
    assert "roof" not in found


def test_the_widget_shows_a_few_and_searches_the_rest(as_sam: Client, alice: Customer) -> None:
    assert "No notes yet" in widget(as_sam, alice)
    for n in range(7):
        builders.note(customer=alice, text=f"number {n}", written_at=now() + timedelta(minutes=n))
    shown = widget(as_sam, alice)
    assert "Search 7 notes" in shown
    assert "number 6" in shown
    assert "number 1" not in shown


def test_long_text_is_kept_whole_and_longer_is_refused(as_sam: Client, alice: Customer) -> None:
    there = reverse("customers:customer_note_add", args=[alice.pk])
    as_sam.post(there, {"text": "é" * LONGEST})
    assert len(alice.notes.get().text) == LONGEST
    found = as_sam.post(there, {"text": "é" * (LONGEST + 1)}).content.decode()
    assert f"at most {LONGEST} characters" in found
    assert as_sam.post(there, {"text": "  \n "}).status_code == 200
    assert alice.notes.count() == 1


def test_a_note_of_nothing_is_refused_by_the_database(alice: Customer) -> None:
    with pytest.raises(IntegrityError, match="customers_note_says_something"), transaction.atomic():
        builders.note(customer=alice, text="")


def test_a_reader_sees_notes_and_no_verbs(alice: Customer) -> None:
    builders.note(customer=alice)
    reader = Client()
    reader.force_login(builders.staff(Role.READ_ONLY))
    shown = widget(reader, alice)
    assert "Beware of the dog." in shown
    assert "Remove note" not in shown
