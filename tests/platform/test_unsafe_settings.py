"""Without its secrets nothing serves, and it says what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "arguments",
    [["-c", "import ispbilling.wsgi"], ["manage.py", "radiusd"], ["manage.py", "migrate"]],
    ids=["web", "radiusd", "manage.py"],
)
def test_nothing_starts_on_an_environment_that_is_empty(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    for name in ("SECRET_KEY", "SECRETS_KEYS", "DATABASE_URL"):
        assert name in done.stderr
