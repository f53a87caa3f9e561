"""Which PostgreSQL the embedded runner starts."""

from pathlib import Path

import pytest

from ispbilling.runner.account import Account, StartError
from ispbilling.runner.postgres import find_binaries


def installed(folder: Path, version: str) -> Path:
    folder.mkdir()
    program = folder / "postgres"
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return folder


def test_one_that_is_too_old_is_passed_over(tmp_path):
    old, new = installed(tmp_path / "17", "17.6"), installed(tmp_path / "18", "18.0 (Debian 18.0-1)")
    assert find_binaries(Account(tmp_path), [old, new]) == (new, 18)


def test_an_old_one_alone_is_refused_with_what_to_do(tmp_path):
    old = installed(tmp_path / "15", "15.18")
    with pytest.raises(
        StartError, match=r"needs PostgreSQL 18 or newer.* PostgreSQL 15 in .* too old.*Install"
    ):
        find_binaries(Account(tmp_path), [old])


def test_none_at_all_is_refused_too(tmp_path):
    with pytest.raises(StartError, match="none was found. Install"):
        find_binaries(Account(tmp_path), [tmp_path / "nothing"])
