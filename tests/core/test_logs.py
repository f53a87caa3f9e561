"""What must never be in a log: the values of local variables, as some tracebacks have them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import django, logging, structlog
django.setup()
def log_in(password):
    raise RuntimeError("a bug")
try:
    log_in("".join(["corr", "ect horse"]))
except RuntimeError:
    structlog.get_logger("ours").exception("request_failed", user=7)
    logging.getLogger("theirs").exception("failed")
"""


@pytest.mark.parametrize("form", ["true", "false"])
def test_a_traceback_names_the_lines_and_no_values(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "ispbilling.settings", "LOG_JSON": form},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "correct horse" not in done.stdout + done.stderr
    assert done.stderr.count("RuntimeError: a bug") == 2
    assert "in log_in" in done.stderr
    if form == "true":
        assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == [
            "request_failed",
            "failed",
        ]
