"""pytest plugin (`-p ispbilling.runner.pytest_plugin`): a private PostgreSQL and Valkey for a test run.

It has to be named on the command line (pyproject.toml does): pytest-django loads the settings before
any conftest.py could set DATABASE_URL.
"""

import base64
import contextlib
import os
from typing import Any

import pytest

from ispbilling.runner.account import unprivileged_account
from ispbilling.runner.embedded import AlreadyRunning, chosen_urls, services

pytest_plugins = ("ispbilling.runner.pytest_features",)
_running = contextlib.ExitStack()
# Several runs at once in one checkout each get servers of their own.
INSTANCES = ("test", *(f"test-{n}" for n in range(2, 9)))
FOLDERS = {"MEDIA_ROOT": "media", "STATIC_ROOT": "static"}
#: Where pytest_database.py keeps what several servers need; unset where the server is not our own.
DATABASES = "TEST_DATABASES"
#: Enough to import the tests where none of them runs.
NO_SERVERS = {
    "DATABASE_URL": "postgres://nobody@localhost/none",
    "REDIS_URL": "redis://localhost/0",
    "SECRET_KEY": "only for collecting tests, of which none runs",
    "SECRETS_KEYS": "none:" + base64.b64encode(bytes(32)).decode(),
}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """Start the servers, unless the environment names some."""
    # No manifest: tests need no collectstatic.
    os.environ.setdefault("STATICFILES_STORAGE", "django.contrib.staticfiles.storage.StaticFilesStorage")
    # Of pytest-xdist, the workers run the tests; the process that hands them out needs no servers.
    if "--features" in args or any(argument.startswith("-n") for argument in args):
        os.environ.update({name: value for name, value in NO_SERVERS.items() if not os.environ.get(name)})
    elif not chosen_urls():
        _start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Give each worker servers of its own: tests kill them, fill them and count on what is in them."""
    for spec in specs:
        for name in (*NO_SERVERS, *FOLDERS):
            os.environ.pop(name, None)
        _start()
        spec.env.update({name: os.environ[name] for name in (*NO_SERVERS, *FOLDERS, DATABASES)})


def _start() -> None:
    """Start the first instance that nobody runs and put it into the environment."""
    for name in INSTANCES:
        try:
            running = _running.enter_context(services(name, durable=False))
        except AlreadyRunning:
            if name == INSTANCES[-1]:
                raise
            continue
        for variable, folder in FOLDERS.items():
            path = running.folder / folder
            path.mkdir(exist_ok=True)
            os.environ.setdefault(variable, str(path))
        if any(server.name == "PostgreSQL" for server in running.servers):
            databases = unprivileged_account().folder(running.folder.parent / "test-databases")
            os.environ[DATABASES] = str(databases)
        return


def pytest_configure(config: pytest.Config) -> None:
    """Load our fixtures after those of pytest-playwright and pytest-django, so that ours win."""
    config.pluginmanager.import_plugin("ispbilling.runner.pytest_tools")
    config.pluginmanager.import_plugin("ispbilling.runner.pytest_database")


def pytest_unconfigure() -> None:
    """Stop the servers."""
    _running.close()
