"""Who collects: one module per provider with a `Format`, and the table of them. Another bank is another module."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from billing.debiting.formats.netcash import Netcash
from billing.debiting.formats.told import Told
from billing.debiting.models import DebitBatch, DebitRow, DebitSettings


class Format(Protocol):
    """What a provider wants and says."""

    label: str

    def obstacles(self, settings: DebitSettings) -> list[str]:
        """What the settings lack before a file can be made, as sentences."""

    def file_name(self, batch: DebitBatch) -> str:
        """What the file is called."""

    def file(self, batch: DebitBatch, rows: Sequence[DebitRow], settings: DebitSettings) -> bytes:
        """The file of these rows, in their order. Rows come with payer and mandate."""

    def read(self, content: bytes) -> Told:
        """The results in a file. Raises Unreadable with what is wrong."""


FORMATS: Mapping[str, Format] = {"netcash": Netcash()}
