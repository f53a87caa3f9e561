"""What every channel is: it takes an outgoing message, or raises DeliveryError."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    type: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it leaves: links filled in, papers rendered. `key` is stable over all attempts."""

    key: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


class Transport:
    """A way out, opened once for a batch. `send` returns the provider's id of the message ("" if it has
    none).

    It raises notifications.errors.DeliveryError, permanent when this message can never be delivered like
    this; a fault of our own settings is never permanent, so that nothing is lost until they are mended.
    """

    def send(self, message: Outgoing) -> str:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the connection."""
