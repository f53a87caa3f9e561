"""The lock files: complete, hashed, and free of addresses that only one network knows."""

import re

import pytest

from ispbilling.runner.account import CHECKOUT

PAIRS = ["requirements", "requirements-dev"]


def wanted(name: str) -> set[str]:
    lines = (CHECKOUT / f"{name}.in").read_text().splitlines()
    asked = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith(("#", "-")))
    return {normal(match[0]) for match in asked if match}


def normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def locked(name: str) -> dict[str, str]:
    text = (CHECKOUT / f"{name}.txt").read_text()
    return {normal(package): version for package, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", text)}


@pytest.mark.parametrize("name", PAIRS)
def test_it_locks_every_package_that_is_asked_for_and_says_so(name):
    text = (CHECKOUT / f"{name}.txt").read_text()
    asked_in_lock = re.findall(
        rf"(?m)^([\w.-]+)==[^\n]*(?:\n +--hash[^\n]*)*\n +# via(?: |\n(?: +#[^\n]*\n)*? +#   )-r {name}\.in",
        text,
    )
    assert wanted(name) == {normal(package) for package in asked_in_lock}


@pytest.mark.parametrize("name", PAIRS)
def test_it_locks_by_hash_and_names_no_address(name):
    text = (CHECKOUT / f"{name}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"(?m)^\s*(-i|--\S*index\S*|--find-links|--trusted-host)\b", text)
    for requirement in re.split(r"\n(?=\S)", text):
        assert "--hash=sha256:" in requirement or requirement.startswith("#"), requirement


def test_it_tests_with_the_versions_that_run():
    running, testing = locked("requirements"), locked("requirements-dev")
    both = running.keys() & testing.keys()
    assert {name: running[name] for name in both} == {name: testing[name] for name in both}
