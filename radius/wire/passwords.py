"""PAP and CHAP: does the request prove knowledge of the password? (RFC 2865 sections 5.2 and 5.3)

Passwords are octets throughout; nothing is decoded, stripped or case-folded. Only the NULs that pad the
hidden form cannot be told from NULs at the end of a password (RFC 2865 section 5.2).
"""

from hmac import compare_digest

from radius.wire.codec import Key, md5
from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest
from radius.wire.usernames import bare_mac

_int = int.from_bytes
_CALL_CHECK = b"\0\0\0\x0a"


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


def mac_proved(request: AccessRequest, key: Key) -> bool:
    """MAC authentication: whether a request comes from the device it names, in a form that NASes use.

    User-Name and Calling-Station-Id are the same MAC address, and the password is that address, empty or
    absent; or any, when Service-Type says Call-Check (RFC 2865 section 5.6). Only for lines that ask for it.
    """
    mac = bare_mac(request.username)
    if not mac or mac != bare_mac(request.calling_station) or request.eap is not None:
        return False
    if request.service_type == _CALL_CHECK:
        return True
    hidden = request.user_password
    if hidden is not None:
        clear = _reveal(hidden, key.secret, request.authenticator).rstrip(b"\0")
        return not clear or bare_mac(clear) == mac
    if request.chap_password is not None:
        return any(chap_matches(request, form) for form in (request.username, b"", mac, mac.upper()))
    return request.mschap2_response is None and request.mschap_response is None


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
