"""How often one may try links, and send what costs something: guessing a signature is hopeless, and should be slow,
too."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

#: Tries of one login or address within WINDOW seconds; a person opens, corrects and sends in fewer.
TRIES, WINDOW = 30, 60


def too_many(request: HttpRequest) -> bool:
    """Count this try, and say whether it is one too many.

    Whoever is logged in counts alone: many phones share one address. Behind a proxy the address is the one it tells.
    """
    who = request.user.pk if request.user.is_authenticated else get_adapter().get_client_ip(request)
    key = f"customer-link:{who}"
    cache.add(key, 0, WINDOW)
    try:
        return int(cache.incr(key)) > TRIES
    except ValueError:  # it expired between the two
        return False
