"""Which gateways there are, which of them is on, and the provider's account there."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from billing.gateways.interface import Gateway
from billing.gateways.models import GatewayAccount
from billing.gateways.payfast import PayFast
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

#: name -> the adapter. Another gateway is one file and one entry here, and its row by a migration.
ADAPTERS: Mapping[str, type[PayFast]] = {"payfast": PayFast}
_SECRETS = ("merchant_key", "passphrase")


def gateway(name: str) -> Gateway:
    """The gateway of that name, on or off: what was begun there may still be told. Raises LookupError."""
    account = GatewayAccount.objects.filter(name=name).first()
    if account is None or name not in ADAPTERS:
        raise LookupError(f"no gateway {name!r}")
    return ADAPTERS[name](account)


def offered() -> Gateway | None:
    """The gateway customers may pay by now, None while none is on."""
    account = GatewayAccount.objects.filter(enabled=True, name__in=ADAPTERS).order_by("name").first()
    return ADAPTERS[account.name](account) if account else None


def label(name: str) -> str:
    """What people call a gateway, also one that is no longer there."""
    return ADAPTERS[name].label if name in ADAPTERS else name


def configure(account: GatewayAccount, values: Mapping[str, Any], *, actor: User | None) -> GatewayAccount:
    """Change an account; an empty key or passphrase stays what it is.

    Raises DomainError when it would be on without merchant ID, key and passphrase.
    """
    with transaction.atomic():
        row = GatewayAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        changed: dict[str, list[Any]] = {}
        for name, value in values.items():
            if name in _SECRETS:
                if value:
                    changed[name] = ["(hidden)", "(hidden)"]
                    setattr(row, name, value)
            elif getattr(row, name) != value:
                changed[name] = [getattr(row, name), value]
                setattr(row, name, value)
        if row.enabled and not (row.merchant_id and row.merchant_key and row.passphrase):
            raise DomainError("To switch it on, give the merchant ID, the merchant key and the passphrase.")
        if changed:
            row.save(update_fields=list(changed))
            events.record("gateway.configured", row, actor=actor, changes=changed)
    return row
