"""The two kinds of refusal. Anything else that is raised is a bug and propagates."""


class DomainError(Exception):
    """A refusal the user may read: the message says what happened and what to do instead."""
