"""What staff ask to be sent about a session, and the lists they ask from."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import now
from ispbilling.core.models import Event
from radius.coa import asking, comparing, problems
from radius.coa.client import Client as Speaking
from radius.coa.models import Kind
from radius.coa.reconcile import Reconciler
from radius.models import CoaAttempt, CoaRequest, Nas, Session
from radius.server.nases import NasEntry
from radius.sweeps import prune_coa
from radius.wire.codec import Key
from tests import builders
from tests.radius.conftest import eventually
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.feature("USE-12")]


@pytest.fixture
def fake():
    with FakeNas(SECRET) as nas:
        yield nas


@pytest.fixture
def live(fake, alice: Customer) -> Session:
    nas = builders.nas(name="Tower 1", secret=SECRET.decode(), coa_port=fake.port)
    return builders.session(
        data_account=builders.data_account(customer=alice, username="ali@isp.test"), nas=nas
    )


def serve(live: Session) -> None:
    """What the RADIUS service does when it is told that somebody asked."""
    nas = live.nas
    peer = NasEntry(nas.pk, nas.name, nas.address, nas.coa_port, Key(SECRET), nas.kind)
    with Speaking((0.3,)) as client:
        reconciler = Reconciler(client, lambda: [peer], 3799)
        reconciler.answer_requests(now())
        while reconciler.busy:
            reconciler.turn(now(), 0.1)


def page(client: Client, session: Session) -> str:
    return client.get(
        session.get_absolute_url(), {"widget": "coa"}, headers={"HX-Request": "true"}
    ).content.decode()


def press(client: Client, name: str, session: Session) -> None:
    response = client.post(reverse(f"radius:session_{name}", args=[session.pk]))
    assert response.url == session.get_absolute_url()


def test_disconnect_reports_what_the_nas_answered(as_manager: Client, live, fake) -> None:
    press(as_manager, "disconnect", live)
    assert "every 1s" in page(as_manager, live)
    assert "Asking the NAS" in page(as_manager, live)
    serve(live)
    shown = page(as_manager, live)
    assert "Tower 1 acknowledged." in shown
    assert "every 1s" not in shown
    assert (fake.codes, CoaAttempt.objects.get().because) == ([40], "ASKED")
    event = Event.objects.get(kind="session.disconnect_asked")
    assert event.data["username"] == "ali@isp.test"


def test_apply_settings_sends_them_or_says_why_not(as_manager: Client, live, fake) -> None:
    fake.cause = 503
    press(as_manager, "apply", live)
    serve(live)
    assert "Tower 1 refused: session not found (503)." in page(as_manager, live)
    assert fake.codes == [43]
    assert not Session.objects.open().exists()
    Session.objects.update(stopped_at=None)
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)
    press(as_manager, "apply", live)
    serve(live)
    assert "It may not be online: The customer is suspended." in page(as_manager, live)


@pytest.mark.feature("W-11")
def test_a_nas_of_radsec_alone_is_not_sent_anything_and_it_is_said(as_manager: Client, live, fake) -> None:
    Nas.objects.filter(pk=live.nas_id).update(address=None, fingerprint="ab" * 32)
    press(as_manager, "disconnect", live)
    with Speaking() as client:
        Reconciler(client, list, 3799).answer_requests(now())
    assert "Its NAS has no address, and over RadSec it is told nothing" in page(as_manager, live)
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)
    assert problems.counts(problems.sessions(now())) == {"unreachable": 1}
    assert fake.codes == []


def test_nobody_to_answer_is_said_after_some_seconds(live) -> None:
    (asked,) = asking.ask([live], Kind.DISCONNECT, now(), actor=None)
    assert asking.waits(asked, asked.asked_at + timedelta(seconds=2))
    assert asking.state(asked, asked.asked_at + timedelta(seconds=4)) == "The RADIUS service is not running."
    assert asking.take(now() + timedelta(minutes=5)) == [], "its reason may be gone"
    asked.refresh_from_db()
    assert asked.outcome == "not_sent"


def test_a_probe_closes_what_the_nas_does_not_have(live, fake) -> None:
    fake.cause = 503
    (number,) = asking.ask_probe([live.pk], now())
    serve(live)
    assert CoaRequest.objects.get(pk=number).error_cause == 503
    assert not Session.objects.open().exists()
    assert not CoaAttempt.objects.exists()


def test_the_ticked_ones_are_disconnected_together(as_manager: Client, live) -> None:
    other = builders.session(username="eve@isp.test", nas=live.nas)
    url = reverse("radius:session_disconnect_bulk") + f"?pk={live.pk}&pk={other.pk}"
    assert "2 sessions" in as_manager.get(url).content.decode()
    as_manager.post(url)
    assert CoaRequest.objects.count() == 2
    text = as_manager.get(reverse("radius:session_list")).content.decode()
    assert text.count("Disconnect: Asking the NAS") == 2
    CoaRequest.objects.update(
        answered_at=now(), outcome="nak", detail="Tower 1 refused: session not found (503)."
    )
    text = as_manager.get(reverse("radius:session_list")).content.decode()
    assert (text.count("NAS refused"), "session not found (503)" in text) == (2, True)
    assert CoaRequest.objects.update(asked_at=now() - timedelta(hours=1))
    assert "NAS refused" not in as_manager.get(reverse("radius:session_list")).content.decode()
    Session.objects.update(stopped_at=now())
    assert "None of these sessions is open any more." in as_manager.get(url).content.decode()


def test_the_ticked_ones_are_given_their_settings_together(as_manager: Client, live) -> None:
    url = reverse("radius:session_apply_bulk") + f"?pk={live.pk}"
    assert "Nobody is disconnected" in as_manager.get(url).content.decode()
    as_manager.post(url)
    assert [one.kind for one in CoaRequest.objects.all()] == [Kind.COA]


def test_the_list_says_who_should_not_be_online_and_stays_current(as_manager: Client, live) -> None:
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)
    url = reverse("radius:session_list")
    assert "Should be disconnected: The customer is suspended." in as_manager.get(url).content.decode()
    again = {"HX-Request": "true", "HX-Target": "list-results", "HX-Trigger": "live"}
    response = as_manager.get(url, headers=again)
    assert "ali@isp.test" in response.content.decode()
    assert "HX-Push-Url" not in response


def test_each_session_is_listed_with_its_worst_problem(as_manager: Client, live) -> None:
    at = now()
    line, nas = live.data_account, live.nas
    Session.objects.update(updated_at=at)
    assert not problems.sessions(at).exists()
    builders.session(username="stranger@isp.test", nas=nas, updated_at=at)
    builders.session(username="gone@isp.test", nas=nas, stopped_at=at, terminate_cause="Stale")
    quiet = builders.session(data_account=builders.data_account(username="quiet@isp.test"), nas=nas)
    Session.objects.filter(pk=quiet.pk).update(updated_at=at - timedelta(minutes=7))
    refused = builders.session(
        data_account=builders.data_account(username="no@isp.test"), nas=nas, updated_at=at
    )
    CoaAttempt.objects.create(
        session=refused, nas=nas, at=at, because="", outcome="nak", detail="Tower 1 refused."
    )
    builders.session(data_account=line, nas=nas, updated_at=at)
    counted = problems.counts(problems.sessions(at))
    assert counted == {"refused": 1, "stranger": 1, "double": 2, "silent": 1, "stale": 1}
    gates.close(line.customer, GateKind.SUSPENDED, at, actor=None)
    assert problems.counts(problems.sessions(now()))["unwanted"] == 4
    text = as_manager.get(reverse("radius:session_problems"), {"state": "stranger"}).content.decode()
    assert "stranger@isp.test" in text
    assert "ali@isp.test" not in text


def test_what_was_asked_long_ago_is_forgotten(live, settings) -> None:
    settings.RADIUS_KEEP_COA_DAYS = 30
    for days in (29, 31):
        at = now() - timedelta(days=days)
        CoaAttempt.objects.create(session=live, nas=live.nas, at=at, because="", outcome="ack")
        asking.ask([live], Kind.DISCONNECT, at, actor=None)
    assert prune_coa(now()).apply(now()).applied == 2
    assert (CoaAttempt.objects.count(), CoaRequest.objects.count()) == (1, 1)
    assert prune_coa(now()).steps == []


@pytest.mark.django_db(transaction=True)
def test_the_button_reaches_the_nas_through_the_service(server, as_manager: Client, live, fake) -> None:
    press(as_manager, "disconnect", live)
    assert eventually(lambda: fake.codes == [40], 5)
    assert eventually(lambda: "Tower 1 acknowledged." in page(as_manager, live))


def test_the_list_of_problems_is_made_once_for_each_refresh(as_manager: Client) -> None:
    line = builders.data_account(username="ali@isp.test", blocked=True)
    builders.session(data_account=line, nas=builders.nas(), username="ali@isp.test")
    url = reverse("radius:session_problems")

    def compared(act: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            act()
        return sum('LOWER("radius_dataaccount"."port_lock")' in query["sql"] for query in captured)

    refresh = {"HX-Request": "true", "HX-Target": "list-results", "HX-Trigger": "live"}
    once = compared(lambda: comparing.unwanted(now()))
    assert compared(lambda: as_manager.get(url, headers=refresh)) == once
    assert 'href="?state=unwanted"' in as_manager.get(url).content.decode()
