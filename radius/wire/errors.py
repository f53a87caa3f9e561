"""The one error of this package."""


class WireError(ValueError):
    """A datagram that must be dropped; the text says why and never quotes a secret.

    `reason` is a short stable word that drops are counted by. What cannot be read: `length` (of the packet),
    `attribute_length`, `vendor_length`, `value_length`, `password_length`, `attribute_twice`,
    `status_missing`, `code`, else `malformed`. What is not believed: `authenticator`, `message_authenticator`,
    `message_authenticator_missing`.
    """

    def __init__(self, text: str, reason: str = "malformed") -> None:
        super().__init__(text)
        self.reason = reason
