"""Bring an instance up to date before its processes start: tables, static files, demonstration, log-in.

One process for all of it, because starting Django is the slowest part.
"""

import json
import os
from hashlib import sha256
from pathlib import Path

import django
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.compress import main as compress


def prepare() -> None:
    """Migrate, collect static files that changed, load the demonstration into an empty database.

    DEMO=no leaves an empty database empty.

    `first_staff` prints the generated password of the first staff account, the only time it is known.
    """
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    collect_static()
    if os.environ.get("DEMO", "yes") != "no":
        call_command("demo", "load", "--if-empty")
    call_command("first_staff")


def collect_static() -> None:
    """Run collectstatic unless the same files were collected before.

    The files are gzipped here when their storage does not compress them itself.
    """
    from django.conf import settings

    stamp = Path(settings.STATIC_ROOT) / ".collected"
    state = _state_of_static_files(settings.STORAGES["staticfiles"]["BACKEND"])
    if stamp.exists() and stamp.read_text() == state:
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    if not settings.STORAGES["staticfiles"]["BACKEND"].startswith("whitenoise."):
        compress(["--quiet", "--no-brotli", str(settings.STATIC_ROOT)])
    stamp.write_text(state)


def _state_of_static_files(storage: str) -> str:
    """A digest that changes with any static file's name, size or time, and with the way they are stored."""
    facts: list[tuple[str, int, float]] = []
    for finder in get_finders():
        for name, source in finder.list(ignore_patterns=None):
            facts.append((source.path(name), source.size(name), os.path.getmtime(source.path(name))))
    return sha256(json.dumps([storage, sorted(facts)]).encode()).hexdigest()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
    prepare()
