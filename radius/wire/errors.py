"""The one error of this package."""


class WireError(ValueError):
    """A datagram that must be dropped; the text says why and never quotes a secret.

    `reason` is a short stable word for counters, e.g. `malformed`, `bad_authenticator`,
    `message_authenticator`.
    """

    def __init__(self, text: str, reason: str = "malformed") -> None:
        super().__init__(text)
        self.reason = reason
