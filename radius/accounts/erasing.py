"""Blanks who a data account belonged to; what it used stays. Called by `ispbilling.protection.erasing` alone."""

from customers.models import Customer
from ispbilling.core.events import ERASED
from radius.accounts.models import DataAccount


def erase(customer: Customer) -> tuple[dict[str, int], list[str]]:
    """Blank the data accounts; rows per kind, and the usernames they had."""
    usernames = []
    for account in DataAccount.objects.filter(customer=customer).select_for_update(of=("self",)):
        usernames.append(account.username)
        account.username, account.secret, account.mac_lock = f"erased-{account.pk}", "", ""
        account.mac_authentication = False
        account.framed_ip, account.framed_ipv6_prefix, account.delegated_ipv6_prefix = None, "", ""
        account.port_lock = ""
        account.attributes.all().delete()
        account.blocked, account.blocked_reason = True, ERASED
        account.save(
            update_fields=[
                "username", "secret", "mac_lock", "mac_authentication", "framed_ip", "framed_ipv6_prefix",
                "delegated_ipv6_prefix", "port_lock", "blocked", "blocked_reason",
            ]
        )  # fmt: skip
    return {"data accounts": len(usernames)}, usernames
