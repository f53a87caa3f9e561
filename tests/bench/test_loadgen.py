"""The load generator believes nothing: what it measures of a wrong server is a failure, not a rate.

Its MS-CHAPv2 is its own C; `radius.wire.mschap` has to accept its logins, and it the answers.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.loadgen import load
from radius.wire import codec, mschap, passwords
from radius.wire.codec import Key
from radius.wire.requests import AccessRequest, AccountingRequest

KEY = Key(b"testing123")
PASSWORDS = {b"user%d@isp.test" % n: b"Secret%d" % n for n in range(50)}
ACCEPT, REJECT = 2, 3
SESSION_TIMEOUT = b"\x1b\x06\0\0\x0e\x10"

Answer = Callable[[bytes], bytes]


@pytest.fixture
def users(tmp_path: Path) -> Path:
    file = tmp_path / "users.csv"
    file.write_text("".join(f"{name.decode()},{word.decode()}\n" for name, word in PASSWORDS.items()))
    return file


@contextmanager
def responder(answer: Answer) -> Iterator[int]:
    """A server of one thread on a port of its own; yields the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    data, sender = bound.recvfrom(4096)
                except TimeoutError:
                    continue
                bound.sendto(answer(data), sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def right(data: bytes) -> bytes:
    """A server as it should be."""
    request = codec.decode_access(data, KEY)
    assert isinstance(request, AccessRequest)
    proof = _proof(request)
    if proof is None:
        return codec.reply_access(REJECT, request, KEY)
    return codec.reply_access(ACCEPT, request, KEY, SESSION_TIMEOUT + proof)


def _proof(request: AccessRequest) -> bytes | None:
    password = PASSWORDS.get(request.username)
    if password is None:
        return None
    if request.mschap2_response is not None:
        return mschap.verify(request, mschap.Secret(mschap.nt_hash(password.decode())), KEY)
    if request.chap_password is not None:
        return b"" if passwords.chap_matches(request, password) else None
    return b"" if passwords.pap_matches(request, KEY, password) else None


def accepting_everybody(data: bytes) -> bytes:
    request = codec.decode_access(data, KEY)
    assert isinstance(request, AccessRequest)
    return codec.reply_access(ACCEPT, request, KEY, SESSION_TIMEOUT + (_proof(request) or b""))


def with_a_wrong_success(data: bytes) -> bytes:
    request = codec.decode_access(data, KEY)
    assert isinstance(request, AccessRequest)
    proof = _proof(request) or b""
    return codec.reply_access(ACCEPT, request, KEY, SESSION_TIMEOUT + proof.replace(b"S=", b"T="))


def with_another_secret(data: bytes) -> bytes:
    request = codec.decode_access(data, KEY)
    assert isinstance(request, AccessRequest)
    return codec.reply_access(ACCEPT, request, Key(b"another"), SESSION_TIMEOUT)


def ask(answer: Answer, users: Path, mode: str, *flags: str, **options: Any) -> dict[str, Any]:
    with responder(answer) as port:
        return load(
            users, mode, *flags, **{"port": port, "count": 400, "window": 16, "require": "27"} | options
        )


@pytest.mark.parametrize("mode", ["pap", "chap", "mschapv2"])
def test_it_agrees_with_our_server_side_on_every_way_to_log_in(users: Path, mode: str) -> None:
    result = ask(right, users, mode, "reply-ma", bad=10, unknown=10, dup=5)

    assert result["pass"]
    assert result["accepts"] + result["rejects"] == 400
    assert 40 < result["rejects"] < 130


@pytest.mark.parametrize("mode", ["pap", "chap", "mschapv2"])
def test_a_server_that_accepts_everybody_fails(users: Path, mode: str) -> None:
    result = ask(accepting_everybody, users, mode, bad=10, unknown=10)

    assert not result["pass"]
    assert result["wrong_code"] > 40


def test_a_reply_signed_with_another_secret_fails(users: Path) -> None:
    result = ask(with_another_secret, users, "pap", count=20, timeout=100, tries=1)

    assert not result["pass"]
    assert result["accepts"] == 0
    assert result["bad_auth"] == 20


def test_a_missing_attribute_fails(users: Path) -> None:
    assert ask(right, users, "pap", require="27,14988.8")["missing"] == 400


def test_an_accept_without_the_servers_own_proof_fails(users: Path) -> None:
    result = ask(with_a_wrong_success, users, "mschapv2")

    assert not result["pass"]
    assert result["bad_proof"] == 400


def test_silence_is_counted_as_lost(users: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        result = load(users, "pap", port=silent.getsockname()[1], count=10, timeout=100, tries=2)

    assert not result["pass"]
    assert (result["lost"], result["retransmitted"]) == (10, 10)


def test_accounting_adds_up_to_what_it_says_it_sent(users: Path) -> None:
    last: dict[str, AccountingRequest] = {}

    def account(data: bytes) -> bytes:
        request = codec.decode_accounting(data, KEY)
        assert isinstance(request, AccountingRequest)
        last[request.session_id] = request
        return codec.reply_accounting(request, KEY)

    result = ask(account, users, "life", rate=4000, interims=3)

    assert result["pass"]
    assert result["sessions"] == len(last) == 80
    assert {one.status for one in last.values()} == {2}
    assert sum(one.input_octets for one in last.values()) == result["sum_in"]
    assert sum(one.output_octets for one in last.values()) == result["sum_out"]


def test_sessions_that_take_turns_add_up_to_the_same(users: Path) -> None:
    def account(data: bytes) -> bytes:
        request = codec.decode_accounting(data, KEY)
        assert isinstance(request, AccountingRequest)
        return codec.reply_accounting(request, KEY)

    one_by_one = ask(account, users, "life", interims=2)
    in_turns = ask(account, users, "life", interims=2, spread=20)

    assert in_turns["pass"]
    for figure in ("sessions", "sum_in", "sum_out"):
        assert in_turns[figure] == one_by_one[figure] == in_turns[f"acked_{figure.removeprefix('sum_')}"]


def test_what_was_acknowledged_is_told_apart_from_what_was_sent(users: Path) -> None:
    def account(data: bytes) -> bytes:
        request = codec.decode_accounting(data, KEY)
        assert isinstance(request, AccountingRequest)
        return codec.reply_accounting(request, KEY if request.status != 2 else Key(b"another"))

    result = ask(account, users, "life", count=40, interims=2, timeout=100, tries=1)

    assert (result["sessions"], result["acked_sessions"]) == (10, 10)
    assert result["lost"] == 10
    assert 0 < result["acked_in"] < result["sum_in"]


def test_after_its_limit_it_waits_no_longer(users: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        result = load(users, "pap", port=silent.getsockname()[1], count=10, timeout=60_000, limit=0.1)

    assert not result["pass"]
    assert result["lost"] == 10


def test_a_walk_reaches_everybody_once(users: Path) -> None:
    names: list[bytes] = []

    def answer(data: bytes) -> bytes:
        request = codec.decode_access(data, KEY)
        assert isinstance(request, AccessRequest)
        names.append(request.username)
        return right(data)

    assert ask(answer, users, "pap", "walk", count=len(PASSWORDS))["pass"]
    assert sorted(names) == sorted(PASSWORDS)
