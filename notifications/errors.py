"""What can go wrong with a message."""


class DeliveryError(Exception):
    """A message could not be handed over. `permanent`: trying again cannot help, the message is given up."""

    def __init__(self, text: str, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


class MissingVariable(LookupError):
    """A template names something its kind does not offer."""
