"""How often one address may try links: guessing a signature is hopeless, and should be slow, too."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

#: Tries of one address within WINDOW seconds; a person opens, corrects and sends in fewer.
TRIES, WINDOW = 30, 60


def too_many(request: HttpRequest) -> bool:
    """Count this try, and say whether it is one too many. Behind a proxy the address is the one it tells."""
    key = f"customer-link:{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, WINDOW)
    try:
        return int(cache.incr(key)) > TRIES
    except ValueError:  # it expired between the two
        return False
