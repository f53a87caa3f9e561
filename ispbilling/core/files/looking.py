"""What a file is, by its content: asks the inspector, and lives on when the inspector does not."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import structlog

from ispbilling.core.files import inspector
from ispbilling.core.files.inspector import MOST_PIXELS

log = structlog.get_logger(__name__)

#: Wall-clock seconds; the inspector limits its own processor time.
PATIENCE = 20
OCTETS = "application/octet-stream"
#: So many inspectors at a time per process: each may take the memory it allows itself.
_turn = BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the inspector saw. `remark` says why there is no preview; `too_large` in pixels."""

    kind: str
    content_type: str = OCTETS
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    previewed: bool = False
    remark: str = ""
    looks: str = ""
    too_large: bool = False


def look(path: Path, preview: Path, thumbnail: Path) -> Looked:
    """Look at the file and write its previews, if it has any. Never raises because of what the file holds."""
    try:
        found = _ask(path, preview, thumbnail)
    except (subprocess.SubprocessError, ValueError) as error:
        log.warning("file_not_inspected", file=path.name, error=str(error)[:300])
        with path.open("rb") as file:
            kind = inspector.kind_of(file.read(1024))
        return Looked(kind, remark="It cannot be previewed.")
    if fault := found.pop("error", ""):
        log.info("file_without_preview", file=path.name, error=fault)
    return Looked(**found)


def make_logo(path: Path, out: Path) -> dict[str, Any]:
    """Write the picture anew as a logo; `content_type`, `width` and `height` of it, or why not as `refused`."""
    try:
        found = _ask("--logo", path, out)
    except (subprocess.SubprocessError, ValueError) as error:
        log.warning("logo_not_made", error=str(error)[:300])
        return {"refused": "a picture that cannot be opened"}
    if fault := found.pop("error", ""):
        log.info("logo_not_made", error=fault)
    return found


def _ask(*arguments: str | Path) -> dict[str, Any]:
    """What the inspector prints. Raises SubprocessError when it dies, ValueError when it talks nonsense."""
    with _turn:
        answer = subprocess.run(
            [sys.executable, "-I", inspector.__file__, *map(str, arguments)],
            env={},  # neither keys nor passwords where hostile files are parsed
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def why_not(name: str, looked: Looked) -> str:
    """Why a file of that name and content is not taken, as a sentence; empty when it is."""
    claimed = CLAIMS.get(Path(name).suffix.lower(), "")
    if looked.kind == "program":
        return f"{name} is a program. Programs are not kept here."
    if looked.too_large:
        return (
            f"{name} is a picture of {looked.width:,} x {looked.height:,} pixels, too large to open safely"
            f" (the most is {MOST_PIXELS // 1_000_000} megapixels). Make it smaller and add it again."
        )
    if claimed and claimed != looked.kind:
        words = {"picture": "picture", "pdf": "PDF"}
        content = looked.looks or f"a {words[looked.kind]}"
        return f"{name} is not a {words[claimed]}: its content is {content}."
    return ""


#: What a name promises, where the content can be checked.
CLAIMS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp"), "picture"),
    ".pdf": "pdf",
}
