"""Lists of sessions are no way round the look-up (`radius.tracing`): who had an address is asked there, with a
reason on record.

Among the sessions of one customer or line an address is found by the search like any other word: whose it is,
whoever asks knows already.
"""

import re
from ipaddress import ip_interface
from typing import Any

from django.http import HttpRequest

from ispbilling.core.chips import search_text

#: What is typed on the way to an address: `100.64.` says whose it is as soon as few have it.
_BEGUN = re.compile(r"\d{1,3}\.\d{1,3}\.\d{0,3}(\.\d{0,3})?")
#: Filters that narrow a list to the sessions of one customer.
_OWN = ("customer", "username")


def is_address(word: str) -> bool:
    """Whether somebody means an IP address by it, or the beginning of one."""
    try:
        ip_interface(word.strip("[]"))
    except ValueError:
        return _BEGUN.fullmatch(word) is not None
    return True


class NoAddresses:
    """For a `ListPage` of sessions, before it: leads to the look-up where an address is searched for."""

    request: HttpRequest

    def search(self, rows: Any, text: str) -> Any:
        words = text.split()
        addresses = [word for word in words if is_address(word)]
        if addresses and not self.of_one():
            return rows.none()
        for word in addresses:
            rows = rows.filter(framed_ip__startswith=word)
        others = " ".join(word for word in words if word not in addresses)
        found: Any = super().search(rows, others)  # type: ignore[misc]
        return found

    def of_one(self) -> bool:
        """Whether the list is narrowed to one customer or line."""
        return any(self.request.GET.get(name, "").strip() for name in _OWN)

    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = super().results()  # type: ignore[misc]
        sought = next((word for word in search_text(self.request).split() if is_address(word)), "")
        if sought and not self.of_one():
            found |= {"notice": "radius/_look_up_instead.html", "sought": sought}
        return found
