"""RADIUS over TLS (RFC 6614) through real sockets: who is let in, what is answered, what ends a connection."""

import asyncio
import io
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from ispbilling.core.models import Event
from radius.models import Nas, NasPosture, Session
from radius.nas import certificates
from radius.server import radsec
from radius.server.counting import Counts
from tests import builders
from tests.radius.conftest import eventually, free_port, start, stop
from tests.radius.packets import access, accounting

pytestmark = pytest.mark.feature("W-11")
SECRET = b"radsec"
ACCEPT, RESPONSE = 2, 5


class Files:
    """A certificate and its key on disk, as a router or this server has them; made unless they are there."""

    def __init__(self, folder: Path, name: str) -> None:
        if not (folder / f"{name}.crt").exists():
            call_command("radsec_certificate", name, folder=str(folder), stdout=io.StringIO())
        self.public, self.private = folder / f"{name}.crt", folder / f"{name}.key"
        self.known = certificates.read(self.public.read_text())


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Files:
    return Files(tmp_path_factory.mktemp("radsec"), "radius.isp.test")


@pytest.fixture(scope="module")
def router(tmp_path_factory) -> Files:
    return Files(tmp_path_factory.mktemp("router"), "tower.isp.test")


@pytest.fixture(scope="module")
def secured(ours, django_db_setup, django_db_blocker) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "RADIUS_RADSEC_PORT": str(port),
        "RADIUS_RADSEC_CERTIFICATE": str(ours.public),
        "RADIUS_RADSEC_KEY": str(ours.private),
    }
    with django_db_blocker.unblock():
        server = start(**environment)
        yield "127.0.0.1", port
        stop(server)


@pytest.fixture
def nas(transactional_db, secured, ours, router) -> Nas:
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    made = builders.nas(address=None, certificate=router.known.pem, fingerprint=router.known.fingerprint)

    def lets_in() -> bool:
        try:
            with connect(secured, ours, router) as tls:
                return ask(tls, access(secret=SECRET))[0] == ACCEPT
        except OSError:
            return False

    assert eventually(lets_in, 10)
    return made


def connect(where, ours: Files, client: Files | None, version=None) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ours.public)
    if version:
        context.maximum_version = version
    if client:
        context.load_cert_chain(client.public, client.private)
    plain = socket.create_connection(where, 5)
    try:
        return context.wrap_socket(plain)
    except BaseException:
        plain.close()
        raise


def ask(tls: ssl.SSLSocket, packet) -> bytes:
    octets = packet.RequestPacket()
    tls.sendall(octets)
    reply = b""
    while len(reply) < 4 or len(reply) < int.from_bytes(reply[2:4], "big"):
        more = tls.recv(4 - len(reply) if len(reply) < 4 else int.from_bytes(reply[2:4], "big") - len(reply))
        if not more:
            raise ConnectionResetError
        reply += more
    assert packet.VerifyReply(packet.CreateReply(packet=reply), reply)
    return reply


def hung_up(tls: ssl.SSLSocket) -> bool:
    try:
        return tls.recv(100) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def refused(where, ours: Files, client: Files | None) -> bool:
    """Whether TLS says no, at once or (TLS 1.3) when something is read."""
    try:
        with connect(where, ours, client) as tls:
            tls.sendall(access(secret=SECRET).RequestPacket())
            return hung_up(tls)
    except (ConnectionError, ssl.SSLError):
        return True


@pytest.mark.parametrize("version", [None, ssl.TLSVersion.TLSv1_2])
def test_a_nas_with_its_certificate_logs_in_and_reports(secured, ours, router, nas, version):
    with connect(secured, ours, router, version) as tls:
        assert ask(tls, access(secret=SECRET))[0] == ACCEPT
        assert ask(tls, access(secret=SECRET, method="chap", signed=False))[0] == ACCEPT
        assert ask(tls, accounting("Start", secret=SECRET))[0] == RESPONSE
        assert Session.objects.get().nas == nas  # stored before the answer
        watchdog = access(secret=SECRET, method="none")
        watchdog.code = 12
        assert ask(tls, watchdog)[0] == ACCEPT


def test_many_requests_are_in_flight_on_one_connection(secured, ours, router, nas):
    packets = {n: access(secret=SECRET) for n in range(100)}
    for n, packet in packets.items():
        packet.id = n
    with connect(secured, ours, router) as tls:
        tls.sendall(b"".join(packet.RequestPacket() for packet in packets.values()))
        data, seen = b"", set()
        while len(seen) < 100:
            while len(data) < 4 or len(data) < int.from_bytes(data[2:4], "big"):
                data += tls.recv(65_536)
            length = int.from_bytes(data[2:4], "big")
            assert data[0] == ACCEPT
            seen.add(data[1])
            data = data[length:]
    assert seen == set(packets)


def test_without_a_certificate_or_with_a_strangers_nobody_gets_in(secured, ours, router, nas, tmp_path):
    assert refused(secured, ours, None)
    assert refused(secured, ours, Files(tmp_path, "stranger.test"))
    assert not refused(secured, ours, router)


def test_old_tls_is_refused(secured, ours, router, nas):
    with pytest.warns(DeprecationWarning, match="TLS"), pytest.raises((ConnectionError, ssl.SSLError)):
        connect(secured, ours, router, ssl.TLSVersion.TLSv1_1)


def test_what_is_no_tls_is_hung_up_on(secured, nas):
    with socket.create_connection(secured, 5) as plain:
        plain.sendall(os.urandom(400))
        plain.settimeout(5)
        assert hung_up(plain)


@pytest.mark.parametrize("length", [0, 19, 4097, 65_535])
def test_a_frame_that_lies_about_its_length_ends_the_connection(secured, ours, router, nas, length):
    with connect(secured, ours, router) as tls:
        tls.sendall(b"\x01\x01" + length.to_bytes(2, "big") + bytes(64))
        assert hung_up(tls)
    with connect(secured, ours, router) as tls:
        assert ask(tls, access(secret=SECRET))[0] == ACCEPT


def test_nonsense_in_a_good_frame_is_dropped_and_the_next_is_answered(secured, ours, router, nas):
    with connect(secured, ours, router) as tls:
        tls.sendall(b"\x01\x01\x00\x20" + os.urandom(28) + b"\x63\x01\x00\x14" + bytes(16))
        tls.sendall(access(secret=b"another").RequestPacket())
        assert ask(tls, access(secret=SECRET))[0] == ACCEPT


def test_half_a_frame_holds_up_nobody_else(secured, ours, router, nas):
    with connect(secured, ours, router) as slow, connect(secured, ours, router) as quick:
        octets = access(secret=SECRET).RequestPacket()
        slow.sendall(octets[:30])
        assert ask(quick, access(secret=SECRET))[0] == ACCEPT
        slow.sendall(octets[30:])
        assert slow.recv(4096)[0] == ACCEPT


class Authority:
    """Somebody who signs certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.public = folder / "authority.crt"
        self.public.write_bytes(self._signed(self.name, self.key, authority=True))

    def signs(self, name: str) -> Files:
        """A router's certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        (self.folder / f"{name}.crt").write_bytes(self._signed(subject, key, authority=False))
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(*pem))
        return Files(self.folder, name)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> bytes:
        made = x509.CertificateBuilder(
            self.name, subject, key.public_key(), x509.random_serial_number(),
            now() - timedelta(hours=1), now() + timedelta(days=1),
        ).add_extension(x509.BasicConstraints(authority, None), critical=True)  # fmt: skip
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_with_an_authority_its_routers_get_in_by_their_fingerprint_alone(
    ours, router, tmp_path_factory, transactional_db
):
    authority, other = (Authority(tmp_path_factory.mktemp(name)) for name in ("authority", "other"))
    signed, unknown, elsewhere = (
        authority.signs("tower.test"),
        authority.signs("new.test"),
        other.signs("a.test"),
    )
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    for n, known in enumerate(
        (signed, elsewhere, router)
    ):  # of all three staff have written the fingerprint down
        builders.nas(name=f"Tower {n}", address=None, fingerprint=known.known.fingerprint,
                     certificate=known.known.fingerprint)  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        where = probe.getsockname()
    server = start(
        RADIUS_RADSEC_PORT=str(where[1]),
        RADIUS_RADSEC_CERTIFICATE=str(ours.public),
        RADIUS_RADSEC_KEY=str(ours.private),
        RADIUS_RADSEC_CA=str(authority.public),
    )
    try:
        with connect(where, ours, signed) as tls:
            assert ask(tls, access(secret=SECRET))[0] == ACCEPT
        assert refused(where, ours, elsewhere)  # signed by somebody else
        assert refused(where, ours, router)  # by itself
        assert refused(where, ours, unknown)  # rightly signed, and no NAS has it
        assert refused(where, ours, None)
    finally:
        stop(server)


@contextmanager
def listening(ours: Files, router: Files, limits: radsec.Limits) -> Iterator[tuple[tuple[str, int], Counts]]:
    """The server in this process, with limits of its own; where it is, and what it counts."""
    counts, stopped = Counts("test"), threading.Event()
    tls = radsec.context(ours.public, ours.private, None)
    radsec.believe(tls, [router.known.pem])
    known = {bytes.fromhex(router.known.fingerprint)}
    server = radsec.Radsec(lambda batch: [None] * len(batch), list, lambda: known, counts, limits)
    port, ready = free_port(), threading.Event()
    work = server.serve("127.0.0.1", port, tls, stopped.is_set, ready.set)
    thread = threading.Thread(target=asyncio.run, args=[work])
    thread.start()
    try:
        assert ready.wait(5)
        yield ("127.0.0.1", port), counts
    finally:
        stopped.set()
        thread.join()


def test_silence_and_half_a_frame_end_by_themselves(ours, router):
    with listening(ours, router, radsec.Limits(idle=1.0, frame=0.2)) as (where, counts):
        for octets in (b"", b"\x01", access().RequestPacket()[:40]):
            with connect(where, ours, router) as client:
                client.settimeout(10)
                client.sendall(octets)
                assert hung_up(client)
    assert counts.take()[2] == {"radsec_timeout": 3}


def half_open(where: tuple[str, int], source: str) -> socket.socket:
    """A connection on which the handshake never begins."""
    plain = socket.create_connection(where, 5, (source, 0))
    plain.settimeout(10)
    return plain


def test_a_handshake_that_never_ends_is_hung_up_on(ours, router):
    with listening(ours, router, radsec.Limits(handshake=0.3)) as (where, counts):
        with half_open(where, "127.0.0.1") as silent, half_open(where, "127.0.0.1") as begun:
            begun.sendall(b"\x16\x03\x01\x02\x00\x01")  # the head of a ClientHello, and no more
            assert hung_up(silent)
            assert hung_up(begun)
        connect(where, ours, router).close()
    assert counts.take()[2] == {"radsec_handshake": 2}


def test_half_open_connections_are_bounded_and_lock_nobody_out(ours, router):
    with (
        listening(ours, router, radsec.Limits(shaking_of_one=4, shaking=10)) as (where, counts),
        ExitStack() as held,
    ):
        mine = [held.enter_context(half_open(where, "127.0.0.1")) for _ in range(6)]
        assert [hung_up(one) for one in mine[:2]] == [True, True]  # too many of one place: its oldest go
        connect(where, ours, router).close()  # from that place, too
        assert hung_up(mine[2])
        others = [held.enter_context(half_open(where, f"127.0.0.{n}")) for n in range(2, 11)]
        assert [hung_up(one) for one in mine[3:5]] == [True, True]  # too many in all: the oldest of all
        for one in others:
            one.settimeout(0.01)
            with pytest.raises(TimeoutError):
                one.recv(1)
    assert counts.take()[2]["radsec_handshakes"] == 5


def test_a_nas_that_is_switched_off_is_hung_up_on_and_let_in_again(secured, ours, router, nas):
    with connect(secured, ours, router) as tls:
        assert ask(tls, access(secret=SECRET))[0] == ACCEPT
        Nas.objects.update(enabled=False)
        assert hung_up(tls)
    assert refused(secured, ours, router)
    Nas.objects.update(enabled=True)
    assert eventually(lambda: not refused(secured, ours, router))


@pytest.mark.django_db
def test_staff_paste_a_certificate_and_see_its_fingerprint(as_manager: Client, router: Files) -> None:
    form = {"name": "Tower", "address": "", "secret": "correct-horse-42", "kind": "mikrotik",
            "message_authenticator": "auto", "certificate": router.public.read_text(), "enabled": "on"}  # fmt: skip
    text = as_manager.post(reverse("radius:nas_add"), form, follow=True).content.decode()
    nas = Nas.objects.get()
    assert (nas.address, nas.fingerprint) == (None, router.known.fingerprint)
    assert router.known.fingerprint in text
    as_manager.post(reverse("radius:nas_edit", args=[nas.pk]), {**form, "name": "Tower 2", "secret": ""})
    assert Event.objects.get(kind="nas.edited").data == {"changes": {"name": ["Tower", "Tower 2"]}}
    assert as_manager.get(reverse("radius:nas_list")).status_code == 200
    again = as_manager.post(reverse("radius:nas_add"), {**form, "name": "Tower 3"}).content.decode()
    assert "Another NAS has this certificate." in again
    neither = as_manager.post(reverse("radius:nas_add"), {**form, "name": "Tower 3", "certificate": ""})
    assert "Give its address, its certificate or both." in neither.content.decode()
    assert not NasPosture.objects.exists()


def test_what_is_no_certificate_is_named(router: Files) -> None:
    for text, why in (
        (router.private.read_text(), "private key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not a certificate"),
        ("12:34", "64 hex digits"),
    ):
        with pytest.raises(certificates.CertificateError, match=why):
            certificates.read(text)
    colons = "sha256 Fingerprint=" + ":".join(
        router.known.fingerprint[n : n + 2].upper() for n in range(0, 64, 2)
    )
    assert certificates.read(colons).fingerprint == router.known.fingerprint
    assert router.known.expires > now()


def test_a_certificate_that_is_there_is_not_overwritten(router: Files) -> None:
    assert router.private.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError):
        call_command("radsec_certificate", "tower.isp.test", folder=str(router.private.parent))
