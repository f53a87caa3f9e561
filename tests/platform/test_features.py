"""`./run test --features`: what the list of features is shown by, without running or starting anything."""

import subprocess
import sys
from pathlib import Path

from ispbilling.runner.account import CHECKOUT
from ispbilling.runner.pytest_features import listed, report


def features(*arguments: str, state: Path) -> "subprocess.CompletedProcess[str]":
    """The command with an environment in which no server can be meant."""
    environment = {"PATH": "/usr/bin:/bin", "ISPBILLING_STATE": str(state)}
    command = [sys.executable, "-m", "pytest", "--features", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_every_feature_is_listed_with_its_tests_and_nothing_is_started(tmp_path: Path) -> None:
    done = features("tests/customers", state=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("ACC-1 "))
    assert lines[first + 1].strip().startswith("tests/customers/test_account_codes.py::")
    assert lines[-1].startswith("features: ")
    assert f"of {len(listed())} tested; missing: " in lines[-1]
    assert "ACC-1," not in lines[-1]
    assert "W-17" in lines[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_mark_that_names_no_feature_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "test_wrong.py"
    wrong.write_text('import pytest\n\n@pytest.mark.feature("ACC-999")\ndef test_it():\n    pass\n')
    done = features("-c", str(CHECKOUT / "pyproject.toml"), str(wrong), state=tmp_path / "state")
    assert done.returncode != 0
    assert "ACC-999" in done.stdout + done.stderr


def test_the_last_line_counts_what_is_missing() -> None:
    words = report({"A-1": "One", "A-2": "Two"}, {"A-1": ["tests/a.py::test_a"]})
    assert words.splitlines() == [
        "A-1  One",
        "    tests/a.py::test_a",
        "A-2  Two",
        "    (no test)",
        "features: 1 of 2 tested; missing: A-2",
    ]
