"""The tests' database: a copy of one that has all migrations, and as new after every test that committed.

Applying the migrations takes longer than any test, so it is done once. PostgreSQL copies the migrated database for
a run, pg_dump takes it to the servers of other workers, and both stay for the next run. Its name changes with all that
the migrations are made of, so a change of them makes another one. A server that DATABASE_URL named keeps nothing:
there the migrations are applied to the tests' database itself.
"""

import fcntl
import importlib.util
import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

from ispbilling.runner.account import unprivileged_account
from ispbilling.runner.postgres import find_binaries
from ispbilling.runner.pytest_plugin import DATABASES

PREFIX = "isp_migrated_"
#: Written by the migrations and by no test.
KEPT = {"django_content_type", "auth_permission"}
#: Those of a table that can be written to.
COLUMNS = """
SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""
WRITE = """
    INSERT INTO public.{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM as_migrated.{table};"""
RESTORE = """
CREATE FUNCTION as_migrated.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE
    one text;
BEGIN
    FOR one IN {filled} LOOP
        EXECUTE format('DELETE FROM public.%I', one);
    END LOOP;
    {written}
END $$
"""
_IMPORTED = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """A database for this run, in place of the product's."""
    usual = connection.settings_dict["NAME"]
    name = connection.settings_dict["TEST"]["NAME"] or f"test_{usual}"
    ours = DATABASES in os.environ
    with django_db_blocker.unblock():
        with connection._nodb_cursor() as server:
            template = _migrated(server) if ours else "template1"
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        _use(name)
        if not ours:
            _migrate()
    TransactionTestCase._fixture_teardown = lambda test: restore()  # type: ignore[attr-defined]
    yield
    with django_db_blocker.unblock():
        _use(usual)
        with connection._nodb_cursor() as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def restore() -> None:
    """Make the tests' database what the migrations left: settings and ledger accounts, no customers.

    Django would TRUNCATE, which takes long for so many tables, and which ours refuse, as they should. Few of them
    hold anything, so those are emptied row by row, as a replica does it: without triggers.
    """
    for attempt in range(5):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT as_migrated.restore()")
            return
        except OperationalError:  # deadlock with a request or server that has not ended yet
            if attempt == 4:
                raise


def _migrated(server: Any) -> str:
    """The name of a database that has all migrations and that nobody uses, on our own server."""
    name = PREFIX + _fingerprint()
    server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
    others = {found for (found,) in server.fetchall()}
    if name in others:
        return name
    for other in others:
        server.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
    unfinished = f"{name}_unfinished"
    server.execute(f'CREATE DATABASE "{unfinished}"')
    account, folder = unprivileged_account(), Path(os.environ[DATABASES])
    programs, _ = find_binaries(account)
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{unfinished}").geturl()
    dump = folder / f"{name}.dump"
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several workers makes it, the others wait
        if made := not dump.exists():
            _use(unfinished)
            _migrate()
            connection.close()
            account.run(programs / "pg_dump", "--format=custom", "--file", f"{dump}.unfinished", "-d", url)
            for old in folder.glob("*.dump"):
                old.unlink()
            Path(f"{dump}.unfinished").rename(dump)
    if not made:
        account.run(programs / "pg_restore", "--exit-on-error", "-d", url, dump)
    server.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    return name


def _fingerprint() -> str:
    """Changes with all that the migrations are made of: their files, what they import of ours, Django."""
    found = sha256(django.get_version().encode() + Path(__file__).read_bytes())
    ours: set[str] = set()
    for app in apps.get_app_configs():
        for file in sorted(Path(app.path, "migrations").glob("[!_]*.*")):
            found.update(file.name.encode() + file.read_bytes())
            if file.suffix == ".py":
                ours.update(_IMPORTED.findall(file.read_text()))
    for module in sorted(name for name in ours if not name.startswith("django.")):
        if (spec := importlib.util.find_spec(module)) and spec.has_location and spec.origin:
            found.update(Path(spec.origin).read_bytes())
    return found.hexdigest()[:16]


def _use(name: str) -> None:
    """Let Django's connections be to the database `name`."""
    connection.close()
    connection.settings_dict["NAME"] = name


def _migrate() -> None:
    """Apply the migrations to the database in use, and teach it to become again what they made of it."""
    call_command("migrate", verbosity=0, interactive=False)
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = sorted(set(tables) - KEPT)
    look = "SELECT '{0}' WHERE EXISTS (SELECT FROM public.{0})"
    filled = " UNION ALL ".join(look.format(table) for table in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA as_migrated")
        cursor.execute(filled)
        written = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"CREATE TABLE as_migrated.{table} AS TABLE public.{table}")
            cursor.execute(COLUMNS, [table])
            ((columns,),) = cursor.fetchall()
            written.append(WRITE.format(table=table, columns=columns))
        cursor.execute(RESTORE.format(filled=filled, written="".join(written)))
