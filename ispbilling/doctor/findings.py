"""What a check answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `ok` None means nothing is wrong but something is not set up."""

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {True: "ok  ", False: "FAIL", None: "note"}[self.ok]
        return f"{mark}  {self.name:12} {self.sentence}" + (
            f"\n      {'':12} -> {self.remedy}" if self.remedy else ""
        )
