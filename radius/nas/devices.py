"""The acts on a NAS. The RADIUS service sees the changed row; no restart is needed."""

from datetime import datetime
from typing import Any

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import HIDDEN, refuse_if_changed
from ispbilling.core.models import User
from ispbilling.core.secrets import SecretError
from radius.nas import certificates
from radius.nas.models import MessageAuthenticator, Nas, Stranger


def add(nas: Nas, now: datetime, *, actor: User | None) -> Nas:
    """Store a new NAS: from now on its packets are answered."""
    with transaction.atomic():
        nas.fingerprint = _fingerprint(nas.certificate)
        nas.save(force_insert=True)
        Stranger.objects.filter(address=nas.address).delete()
        events.record("nas.added", nas, actor=actor, at=now, address=nas.address)
    return nas


def edit(
    nas: Nas, fields: dict[str, Any], now: datetime, *, actor: User | None, seen: int | None = None
) -> Nas:
    """Change the named fields; an empty secret keeps the present one, and the event never shows either.

    Raises ChangedMeanwhile when it was edited after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        stored = Nas.objects.select_for_update().get(pk=nas.pk)
        refuse_if_changed(stored, seen, "nas.edited")
        wanted = {name: value for name, value in fields.items() if name != "secret" or value}
        if "certificate" in wanted:
            wanted["fingerprint"] = _fingerprint(wanted["certificate"])
        secret = wanted.pop("secret", None)
        different = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
        changed = events.changes({name: getattr(stored, name) for name in different}, different)
        changed.pop("certificate", None)  # long, and its fingerprint says as much
        if secret is not None and _differs(stored, secret):
            different["secret"], changed["secret"] = secret, [HIDDEN, HIDDEN]
        if different:
            for name, value in different.items():
                setattr(stored, name, value)
            stored.save(update_fields=list(different))
            Stranger.objects.filter(address=stored.address).delete()
            events.record("nas.edited", stored, actor=actor, at=now, changes=changed)
    return stored


def _differs(nas: Nas, secret: str) -> bool:
    try:
        return str(nas.secret) != secret
    except SecretError:  # its key was lost: whatever it was, it is of no use any more
        return True


def _fingerprint(certificate: str) -> str:
    return certificates.read(certificate).fingerprint if certificate else ""


def ratchet(nas_id: int, forgotten: int, at: datetime) -> bool:
    """Write down that a NAS set to `auto` has signed a request; False when that is known or void already.

    `forgotten` is how often staff had made us forget it when it was seen: what was seen before does not count.
    """
    with transaction.atomic():
        nas = (
            Nas.objects.select_for_update()
            .filter(
                pk=nas_id,
                message_authenticator=MessageAuthenticator.AUTO,
                signed_since__isnull=True,
                signing_forgotten=forgotten,
            )
            .first()
        )
        if nas is None:
            return False
        nas.signed_since = at
        nas.save(update_fields=["signed_since"])
        events.record("nas.ratcheted", nas, actor=None, at=at)
    return True


def forget_signing(nas: Nas, now: datetime, *, actor: User | None) -> Nas:
    """Take requests without Message-Authenticator again until the NAS next sends one: for a router that was
    exchanged. Raises DomainError when there is nothing to forget.
    """
    with transaction.atomic():
        stored = Nas.objects.select_for_update().get(pk=nas.pk)
        if stored.signed_since is None:
            raise DomainError("It has not been seen to sign.")
        events.record("nas.signing_forgotten", stored, actor=actor, at=now, signed_since=stored.signed_since)
        stored.signed_since, stored.signing_forgotten = None, stored.signing_forgotten + 1
        stored.save(update_fields=["signed_since", "signing_forgotten"])
    return stored
