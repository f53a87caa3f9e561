"""Packets as a NAS makes them, by pyrad: an implementation that is not ours."""

import os
from pathlib import Path
from typing import Any

from pyrad.packet import AcctPacket, AuthPacket

from radius.wire.attributes import dictionary
from tests.radius.mschap_client import Version1, Version2

SECRET = b"testing123"
VECTORS = Path(__file__).with_name("vectors")


def vector(name: str) -> bytes:
    lines = (VECTORS / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


def access(
    username: str = "alice@isp.test",
    password: str = "wire-secret",  # noqa: S107
    *,
    method: str | Version1 | Version2 = "pap",
    secret: bytes = SECRET,
    signed: bool = True,
    **values: Any,
) -> AuthPacket:
    """An Access-Request, proved by `method` or by that MS-CHAP client; `values` are attributes with `_` for
    `-`. `RequestPacket()` gives its octets.
    """
    packet = AuthPacket(code=1, secret=secret, authenticator=os.urandom(16), dict=dictionary())
    packet["User-Name"] = username
    if method == "pap":
        packet["User-Password"] = packet.PwCrypt(password)
    elif method == "chap":
        packet["CHAP-Password"] = chap(password, challenge := os.urandom(16))
        packet["CHAP-Challenge"] = challenge
    elif method == "chap-authenticator":
        packet["CHAP-Password"] = chap(password, packet.authenticator)
    elif method == "mschap":
        _answered(packet, Version1(password))
    elif method == "mschap2":
        _answered(packet, Version2(username.encode(), password))
    elif not isinstance(method, str):
        _answered(packet, method)
    for name, value in values.items():
        packet.AddAttribute(name.replace("_", "-"), value)
    if signed:
        packet.add_message_authenticator()
    else:
        packet.message_authenticator = False
    return packet


def _answered(packet: AuthPacket, client: Version1 | Version2) -> None:
    if isinstance(client, Version1):
        packet["MS-CHAP-Challenge"], packet["MS-CHAP-Response"] = client.challenge, client.response()
    else:
        packet["MS-CHAP-Challenge"], packet["MS-CHAP2-Response"] = client.authenticator, client.response()


def chap(password: str, challenge: bytes, identifier: bytes = b"\x09") -> bytes:
    from hashlib import md5

    return identifier + md5(identifier + password.encode() + challenge, usedforsecurity=False).digest()


def accounting(
    status: str,
    session: str = "s-1",
    username: str = "alice@isp.test",
    *,
    secret: bytes = SECRET,
    **values: Any,
) -> AcctPacket:
    """An Accounting-Request of that Acct-Status-Type."""
    packet = AcctPacket(code=4, secret=secret, dict=dictionary())
    packet.AddAttribute("Acct-Status-Type", status)
    packet.AddAttribute("Acct-Session-Id", session)
    if username:
        packet.AddAttribute("User-Name", username)
    for name, value in values.items():
        packet.AddAttribute(name.replace("_", "-"), value)
    return packet
