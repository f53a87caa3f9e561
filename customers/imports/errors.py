"""What can be wrong with a file as a whole; what is wrong with a row is a `Problem` in the report."""

from ispbilling.core.errors import DomainError


class Unreadable(DomainError):
    """The file is not a table we can read; the sentence says what it is and what to do."""
