"""Asking as a NAS would: what `doctor` sends through the real socket (PAP, RFC 2865 section 5.2)."""

import os

from pyrad.packet import AuthPacket

from radius.wire.attributes import dictionary
from radius.wire.codec import Key, attributes, md5, trim
from radius.wire.errors import WireError
from radius.wire.requests import Code


def access_request(username: str, password: str, secret: bytes) -> bytes:
    """One signed Access-Request, ready for the socket."""
    packet = AuthPacket(
        code=Code.ACCESS_REQUEST,
        id=os.urandom(1)[0],
        secret=secret,
        authenticator=os.urandom(16),
        dict=dictionary(),
    )
    packet["User-Name"] = username
    packet["User-Password"] = packet.PwCrypt(password)
    packet["NAS-Identifier"] = "doctor"
    packet.add_message_authenticator()
    octets: bytes = packet.RequestPacket()
    return octets


def reply_code(reply: bytes, request: bytes, secret: bytes) -> int:
    """The code of a verified reply. Raises WireError for one that is not ours or not signed."""
    reply = trim(reply)
    if reply[1] != request[1]:
        raise WireError("the reply has another identifier")
    if md5(reply[:4] + request[4:20] + reply[20:] + secret).digest() != reply[4:20]:
        raise WireError("the Response Authenticator does not verify")
    offset = attributes(reply)[2]
    if not offset:
        raise WireError("the reply has no Message-Authenticator")
    signed = reply[:4] + request[4:20] + reply[20 : offset + 2] + bytes(16) + reply[offset + 18 :]
    if Key(secret).hmac(signed) != reply[offset + 2 : offset + 18]:
        raise WireError("the Message-Authenticator does not verify")
    return reply[0]
