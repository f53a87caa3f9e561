"""Outside programs that tests use: a Chromium for `page` and friends, `radclient`.

Where one is missing the tests that need it are skipped with a reason that says how to get it;
with CI=true they fail instead, so that a green run has run them all.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "./run test installs it on Debian as root; elsewhere install your system's package {package}"
Finished: TypeAlias = "subprocess.CompletedProcess[str]"
Radclient = Callable[..., Finished]


def _missing(what: str, package: str) -> NoReturn:
    reason = f"{what} is not installed. {REMEDY.format(package=package)}."
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} With CI=true no test is skipped for a missing program.", pytrace=False)
    pytest.skip(reason)


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome; CHROMIUM_PATH names another one."""
    if chosen := os.environ.get("CHROMIUM_PATH"):
        return chosen
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the machine's own Chromium; pytest-playwright would look for a downloaded one."""
    path = find_chromium() or _missing("Chromium", "chromium")
    # Chromium's own sandbox refuses root; the pages it opens here are ours.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": path, "args": arguments}


@pytest.fixture(scope="session")
def radclient() -> Radclient:
    """FreeRADIUS' client: `radclient("127.0.0.1:1812", "auth", secret, "User-Name = ann\\n...")`.

    Returns the finished process, its output with the received packet (-x); it sends once and waits
    two seconds. Options of radclient may follow the attributes.
    """
    program = shutil.which("radclient") or _missing("radclient", "freeradius-utils")

    def send(server: str, kind: str, secret: str, attributes: str, *options: str) -> Finished:
        command = [program, "-x", "-r", "1", "-t", "2", *options, server, kind, secret]
        return subprocess.run(
            command, input=attributes, capture_output=True, text=True, timeout=30, check=False
        )

    return send


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the browser tests, so that `-m "not browser"` leaves them out.

    pytest-playwright drives the browser in an event loop, in which Django refuses its own database
    calls unless told that this thread is ours alone.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
