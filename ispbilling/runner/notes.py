"""Small private files of an instance: its keys, and the addresses of the running one."""

import base64
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write `values` as NAME=value lines a shell can read too; only the owner may read the file."""
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.rename(path)


def read(path: Path) -> dict[str, str]:
    """What `write` wrote; empty when there is no such file."""
    if not path.exists():
        return {}
    return dict(word.split("=", 1) for word in shlex.split(path.read_text()))


def keys(path: Path) -> dict[str, str]:
    """SECRET_KEY and SECRETS_KEYS of an instance, made on the first call and kept in `path`.

    Losing the file makes the secrets stored in the instance's database unreadable.
    """
    kept = read(path)
    if not kept:
        kept = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SECRETS_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        write(path, kept)
    return kept
