"""Blanks what was written about package changes; what a line had, and when, stays. Called by
`ispbilling.protection.erasing` alone."""

from customers.models import Customer
from radius.changes.models import ChangeState, PackageChange


def erase(customer: Customer) -> dict[str, int]:
    """Blank the comments and reasons; how many changes had one. A failed change keeps why: those words are ours."""
    theirs = PackageChange.objects.filter(data_account__customer=customer)
    noted = theirs.exclude(comment="", reason="")
    count = noted.count()
    theirs.exclude(comment="").update(comment="")
    theirs.exclude(reason="").exclude(state=ChangeState.FAILED).update(reason="")
    return {"comments on package changes": count}
