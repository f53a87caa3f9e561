"""Logins through the real socket: who gets in, with what, and how fast the server learns of changes."""

import os
import socket
from datetime import date, timedelta

import pytest

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import day_start, local_day, now
from radius.models import AuthAttempt
from radius.policy.gates import GATES
from radius.subscribers import find
from tests import builders
from tests.radius.conftest import eventually, settled
from tests.radius.mschap_client import Version1, Version2, opened, revealed
from tests.radius.packets import SECRET, access, vector

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPT, REJECT = 2, 3


@pytest.fixture
def line(server):
    """Alice's line, known to the server."""
    builders.nas(secret=SECRET.decode())
    package = builders.package(framed_pool="pool-a")
    made = builders.data_account(
        username="alice@isp.test", secret="wire-secret", package=package, blocked=True
    )
    # Nobody tells the server that the tables were emptied: it may still know Alice's line of the test before.
    assert settled(lambda: code(server, access()) == REJECT)
    made.blocked = False
    made.save(update_fields=["blocked"])
    assert settled(lambda: code(server, access()) == ACCEPT)
    return made


def code(server, packet) -> int | None:
    reply = server.ask(packet, 0.5)
    return None if reply is None else reply.code


@pytest.mark.parametrize("method", ["pap", "chap", "chap-authenticator", "mschap", "mschap2"])
def test_the_right_password_is_accepted_with_the_packages_attributes(server, line, method):
    reply = server.ask(access(method=method))
    assert reply.code == ACCEPT
    assert reply["Mikrotik-Rate-Limit"] == ["10M/20M"]
    assert reply["Framed-Pool"] == ["pool-a"]
    assert reply["Session-Timeout"] == [86_400]
    assert reply["Acct-Interim-Interval"] == [300]


def test_mschapv2_gets_in_and_out(server, line):
    client = Version2(b"alice@isp.test", "wire-secret")
    accepted = server.ask(packet := access(method=client))
    assert accepted.code == ACCEPT
    assert accepted["MS-CHAP2-Success"] == [b"\x01" + client.success()]
    sealed = accepted["MS-MPPE-Send-Key"][0], accepted["MS-MPPE-Recv-Key"][0]
    assert tuple(opened(one, SECRET, packet.authenticator) for one in sealed) == client.keys()
    refused = server.ask(access(method=Version2(b"alice@isp.test", "wrong")))
    assert refused.code == REJECT
    assert b"E=691" in refused["MS-CHAP-Error"][0]


def test_mschapv1_gets_in_by_its_nt_response_alone(server, line):
    client = Version1("wire-secret")
    accepted = server.ask(packet := access(method=client))
    assert accepted.code == ACCEPT
    sealed = accepted["MS-CHAP-MPPE-Keys"][0]
    assert revealed(sealed, SECRET, packet.authenticator) == client.keys()
    for bad in (Version1("wrong"), Version1("wire-secret", use_nt=False)):
        refused = server.ask(access(method=bad))
        assert refused.code == REJECT
        assert b"E=691" in refused["MS-CHAP-Error"][0]


def test_eap_is_refused_in_its_own_tongue_and_in_the_log(server, line):
    for username in ("alice@isp.test", "anonymous@isp.test"):
        identity = b"\x02\x2a\x00\x0a\x01alice"
        reply = server.ask(access(username, method="none", EAP_Message=identity))
        assert reply.code == REJECT
        assert reply["EAP-Message"] == [b"\x04\x2a\x00\x04"]
        assert "Reply-Message" not in reply, "RFC 3579 section 2.6.5"
    found = eventually(lambda: list(AuthAttempt.objects.filter(code="EAP_UNSUPPORTED")[1:]))
    assert [gate["detail"] for gate in found[0].trace if gate["code"] == "EAP_UNSUPPORTED"] == ["EAP"]
    start = access(method="none", EAP_Message=b"")
    assert server.ask(start)["EAP-Message"] == [b"\x04\x00\x00\x04"]
    unsigned = access(method="none", signed=False, EAP_Message=b"\x02\x2a\x00\x05\x01")
    assert server.ask(unsigned, 0.3) is None, "RFC 3579 section 3.1"


@pytest.mark.feature("W-3")
def test_a_reject_leaves_its_whole_trace(server, line):
    gates.close(line.customer, GateKind.SUSPENDED, now(), reason="unpaid", actor=None)
    assert settled(lambda: code(server, access()) == REJECT)
    reply = server.ask(access())
    assert reply["Reply-Message"] == ["This account is suspended. Please contact us."]
    attempt = eventually(lambda: AuthAttempt.objects.filter(code="SUSPENDED").first())
    assert (attempt.username, attempt.code, attempt.data_account_id) == (
        "alice@isp.test",
        "SUSPENDED",
        line.pk,
    )
    assert [g["code"] for g in attempt.trace if not g["open"]] == ["SUSPENDED"]
    assert any("unpaid" in g["detail"] for g in attempt.trace)
    assert len(attempt.trace) == len(GATES)
    assert "wire-secret" not in str(attempt.trace)


def test_a_line_waits_for_the_midnight_of_its_first_day(server, line):
    line.starts_on = local_day(now()) + timedelta(days=1)
    line.save(update_fields=["starts_on"])
    assert settled(lambda: code(server, access()) == REJECT)
    assert eventually(lambda: AuthAttempt.objects.filter(code="ACCOUNT_NOT_STARTED").exists())
    assert find(line.username, now()).starts == day_start(line.starts_on)


def test_unknown_users_and_wrong_passwords_hear_the_same(server, line):
    unknown, wrong = server.ask(access("nobody")), server.ask(access(password="wrong"))
    assert unknown.code == wrong.code == REJECT
    assert unknown["Reply-Message"] == wrong["Reply-Message"]
    both = {"UNKNOWN_USER", "BAD_PASSWORD"}
    assert eventually(lambda: set(AuthAttempt.objects.values_list("code", flat=True)) >= both)


@pytest.mark.feature("W-11")
def test_guessing_is_stopped_and_the_owner_still_gets_in(server, line):
    """From one port, as one NAS asks, so that one worker hears it all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nas:
        nas.settimeout(2)
        nas.connect(("127.0.0.1", server.auth_port))

        def ask(password: str, calling: str, **how):
            packet = access(password=password, Calling_Station_Id=calling, **how)
            nas.send(packet.RequestPacket())
            reply = nas.recv(4096)
            read = packet.CreateReply(packet=reply)
            assert packet.VerifyReply(read, reply, enforce_ma=True)
            return read

        home, elsewhere = "02:00:00:00:00:01", "02:00:00:00:00:66"
        assert ask("wire-secret", home).code == ACCEPT
        wrong = [ask(f"guess {n}", elsewhere) for n in range(10)]
        limited = ask("wire-secret", elsewhere)
        assert limited.code == REJECT
        assert limited["Reply-Message"] == wrong[0]["Reply-Message"], "guessing tells nothing"
        assert b"E=691" in ask("wire-secret", elsewhere, method="mschap2")["MS-CHAP-Error"][0]
        assert ask("wire-secret", home).code == ACCEPT
    attempt = eventually(lambda: AuthAttempt.objects.filter(code="RATE_LIMITED").first())
    assert attempt.data_account_id == line.pk
    assert AuthAttempt.objects.filter(code="BAD_PASSWORD").count() == 10


@pytest.mark.parametrize("method", ["pap", "chap", "mschap", "mschap2"])
def test_a_line_without_a_password_lets_nobody_in(server, line, method):
    builders.data_account(username="blank", secret="")

    def refused() -> bool:
        assert server.ask(access("blank", "", method=method)).code == REJECT
        return AuthAttempt.objects.filter(code="BAD_PASSWORD", username="blank").exists()

    assert eventually(refused), "known, and refused for its password"


def test_changes_reach_the_running_server(server, line):
    line.blocked = True
    line.save(update_fields=["blocked"])
    assert settled(lambda: code(server, access()) == REJECT)
    line.blocked, line.secret, line.username = False, "new-secret", "Alice2@isp.test"
    line.save(update_fields=["blocked", "secret", "username"])
    assert settled(lambda: code(server, access("alice2@isp.test", "new-secret")) == ACCEPT)
    assert code(server, access("alice@isp.test", "new-secret")) == REJECT
    group = line.customer.group
    group.enabled = False
    group.save(update_fields=["enabled"])
    assert settled(lambda: code(server, access("alice2@isp.test", "new-secret")) == REJECT)
    group.enabled = True
    group.save(update_fields=["enabled"])
    service = line.package.service
    service.down_kbps = 50_000
    service.save(update_fields=["down_kbps"])
    again = lambda: server.ask(access("alice2@isp.test", "new-secret"))  # noqa: E731
    assert eventually(lambda: (r := again()).code == ACCEPT and r["Mikrotik-Rate-Limit"] == ["10M/50M"])
    # The server makes a meter in its own time, and a meter keeps its line.
    unmetered = builders.package(cap_octets=None)
    gone = builders.data_account(username="gone@isp.test", secret="wire-secret", package=unmetered)
    assert settled(lambda: code(server, access("gone@isp.test")) == ACCEPT)
    gone.delete()
    assert settled(lambda: code(server, access("gone@isp.test")) == REJECT)


def test_a_session_ends_with_the_last_day_of_service(server, line):
    line.ends_on = date.fromordinal(now().date().toordinal() + 1)
    line.save(update_fields=["ends_on"])

    def bounded():
        timeout = server.ask(access())["Session-Timeout"][0]
        return timeout < 86_400 * 2 and timeout

    line.package.session_timeout = 0
    line.package.save(update_fields=["session_timeout"])
    assert eventually(lambda: "Session-Timeout" in server.ask(access()))
    assert bounded()


def test_a_retransmission_gets_the_same_octets(server, line):
    octets = access().RequestPacket()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nas:
        nas.settimeout(2)
        replies = set()
        for _ in range(3):
            nas.sendto(octets, ("127.0.0.1", server.auth_port))
            replies.add(nas.recv(4096))
    assert len(replies) == 1


def test_a_reject_is_logged_once_however_often_it_is_asked(server, line):
    octets = access(password="wrong").RequestPacket()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nas:
        nas.settimeout(2)
        for _ in range(3):
            nas.sendto(octets, ("127.0.0.1", server.auth_port))
            nas.recv(4096)
    assert eventually(lambda: AuthAttempt.objects.filter(code="BAD_PASSWORD").exists())
    assert AuthAttempt.objects.filter(code="BAD_PASSWORD").count() == 1


@pytest.mark.feature("W-11")
def test_a_nas_may_be_required_to_sign(server, line):
    nas = builders.Nas.objects.get()
    nas.message_authenticator = "observe"
    nas.save(update_fields=["message_authenticator"])
    assert eventually(lambda: code(server, access(signed=False)) == ACCEPT)
    nas.message_authenticator = "require"
    nas.save(update_fields=["message_authenticator"])
    assert eventually(lambda: code(server, access(signed=False)) is None)
    assert code(server, access()) == ACCEPT


@pytest.mark.feature("W-11")
def test_a_nas_that_signed_once_has_to_sign_at_every_worker(server, line):
    nas = builders.Nas.objects.get()
    nas.message_authenticator = "auto"
    nas.save(update_fields=["message_authenticator"])
    assert eventually(
        lambda: code(server, access()) == ACCEPT and builders.Nas.objects.get().signed_since, 10
    )
    assert eventually(lambda: code(server, access(signed=False)) is None)
    nas.refresh_from_db()
    nas.signed_since, nas.signing_forgotten = None, nas.signing_forgotten + 1
    nas.save(update_fields=["signed_since", "signing_forgotten"])
    assert eventually(lambda: code(server, access(signed=False)) == ACCEPT)


def test_strangers_and_nonsense_get_no_answer(server, line):
    assert server.send(vector("zero_length_vendor_attribute"), server.auth_port, 0.3) is None
    assert server.send(os.urandom(50), server.auth_port, 0.3) is None
    nas = builders.Nas.objects.get()
    nas.enabled = False
    nas.save(update_fields=["enabled"])
    assert eventually(lambda: code(server, access()) is None)


def test_status_server_is_answered_on_both_ports(server, line):
    for port, expected in ((server.auth_port, ACCEPT), (server.acct_port, 5)):
        packet = access(method="none")
        packet.code = 12
        reply = server.send(packet.RequestPacket(), port)
        assert reply[0] == expected
        assert packet.VerifyReply(packet.CreateReply(packet=reply), reply, enforce_ma=True)
        unsigned = access(method="none", signed=False)
        unsigned.code = 12
        assert server.send(unsigned.RequestPacket(), port, 0.2) is None


def test_a_nas_is_changed_removed_and_added_while_the_server_runs(server, line):
    nas = builders.Nas.objects.get()
    nas.secret = "another-secret"
    nas.save(update_fields=["secret"])
    assert settled(lambda: code(server, access(secret=b"another-secret")) == ACCEPT)
    assert code(server, access()) is None
    nas.delete()
    assert settled(lambda: server.ask(access(secret=b"another-secret"), 0.1) is None)
    builders.nas(secret=SECRET.decode())
    assert settled(lambda: code(server, access()) == ACCEPT)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('User-Password = "wire-secret"', 'User-Password = "guess"'),
     ('CHAP-Password = "wire-secret"', 'CHAP-Password = "guess"'),
     ('MS-CHAP-Password = "wire-secret"', 'MS-CHAP-Password = "guess"')],
    ids=["pap", "chap", "mschap"],
)  # fmt: skip
def test_radclient_gets_in_with_the_right_password(server, line, radclient, right, wrong):
    def asked(proof: str):
        request = f'User-Name = "alice@isp.test"\n{proof}\nMessage-Authenticator = 0x00\n'
        return radclient(f"127.0.0.1:{server.auth_port}", "auth", SECRET.decode(), request)

    done = asked(right)
    assert (done.returncode, "Access-Accept" in done.stdout) == (0, True)
    assert 'Mikrotik-Rate-Limit = "10M/20M"' in done.stdout
    assert ("MS-CHAP-MPPE-Keys" in done.stdout) is right.startswith("MS-CHAP")
    refused = asked(wrong)
    assert "Access-Reject" in refused.stdout
    assert ("E=691" in refused.stdout) is right.startswith("MS-CHAP")
