"""PAP and CHAP: does the request prove knowledge of the password? (RFC 2865 sections 5.2 and 5.3)

Passwords are octets throughout; nothing is decoded, stripped or case-folded. Only the NULs that pad the
hidden form cannot be told from NULs at the end of a password (RFC 2865 section 5.2).
"""

from hmac import compare_digest

from radius.wire.codec import Key, md5
from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest

_int = int.from_bytes


def pap_matches(request: AccessRequest, key: Key, password: bytes) -> bool:
    """Whether User-Password hides `password` (up to 128 octets)."""
    hidden = request.user_password
    if hidden is None:
        return False
    if len(hidden) == 16:
        pad = md5(key.secret + request.authenticator).digest()
        clear = (_int(hidden, "big") ^ _int(pad, "big")).to_bytes(16, "big")
    else:
        clear = _reveal(hidden, key.secret, request.authenticator)
    return compare_digest(clear, password.ljust(len(clear), b"\0"))


def _reveal(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    clear, last = [], authenticator
    for offset in range(0, len(hidden), 16):
        block = hidden[offset : offset + 16]
        pad = md5(secret + last).digest()
        clear.append((_int(pad, "big") ^ _int(block, "big")).to_bytes(16, "big"))
        last = block
    return b"".join(clear)


def hide(password: bytes, key: Key, authenticator: bytes) -> bytes:
    """Hide a password as a NAS does (RFC 2865 section 5.2); used by `./run doctor` and the tests."""
    if len(password) > 128:
        raise WireError("a password of more than 128 octets cannot be sent")
    padded = password.ljust(max(16, -(-len(password) // 16) * 16), b"\0")
    hidden, last = b"", authenticator
    for offset in range(0, len(padded), 16):
        pad = md5(key.secret + last).digest()
        last = (_int(pad, "big") ^ _int(padded[offset : offset + 16], "big")).to_bytes(16, "big")
        hidden += last
    return hidden


def chap_matches(request: AccessRequest, password: bytes) -> bool:
    """Whether CHAP-Password answers the challenge, which is the authenticator when none was sent."""
    response = request.chap_password
    if response is None:
        return False
    challenge = request.authenticator if request.challenge is None else request.challenge
    return compare_digest(md5(response[:1] + password + challenge).digest(), response[1:])
