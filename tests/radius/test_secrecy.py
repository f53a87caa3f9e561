"""Secrets are in nobody's sight: not in logs, tables, traces, events or exports; and keys change while we run."""

import base64
import threading
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from ispbilling.core.models import Role
from ispbilling.core.secrets import key_id
from radius.models import AuthAttempt, DataAccount, Nas
from radius.server.handlers import ACCEPT, REJECT
from tests import builders
from tests.radius.conftest import eventually, start, stop
from tests.radius.packets import access, accounting
from tests.radius.worker import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.feature("W-11")]
NAS_SECRET, PASSWORD, WRONG, NEW = (
    "Canary-Nas-4711",
    "Canary-Line-4712",
    "Canary-Wrong-4713",
    "Canary-New-4714",
)
CANARIES = (NAS_SECRET, PASSWORD, WRONG, NEW)
LISTS = ("nas_list", "nas_posture", "data_account_list", "reject_list", "session_list", "session_history")


def holding(text: str) -> list[str]:
    """The canaries in a text, also as octets that were written in hex or base 64."""
    forms = {
        canary: (canary, canary.encode().hex(), base64.b64encode(canary.encode()).decode().rstrip("=")[:-1])
        for canary in CANARIES
    }
    return [canary for canary, shapes in forms.items() if any(shape in text for shape in shapes)]


def all_tables() -> dict[str, str]:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found[table] = "\n".join(row for (row,) in cursor.fetchall())
    return found


def export(client: Client, name: str) -> str:
    url = reverse(f"radius:{name}") + "?export=csv"
    client.post(url, {"purpose": "a test", "understood": "on"})
    return client.get(url).getvalue().decode()


def use_everything(server, client: Client) -> None:
    """Logins right, wrong, forged and broken, accounting, and edits of what holds a secret."""
    nas = builders.nas(secret=NAS_SECRET)
    line = builders.data_account(username="alice@isp.test", secret=PASSWORD)
    secret = NAS_SECRET.encode()
    assert eventually(
        lambda: (r := server.ask(access(password=PASSWORD, secret=secret), 0.5)) and r.code == ACCEPT
    )
    assert server.ask(access(password=PASSWORD, secret=secret, method="chap")).code == ACCEPT
    assert server.ask(access(password=WRONG, secret=secret)).code == REJECT
    assert server.ask(access("bob", WRONG, secret=secret)).code == REJECT
    assert server.ask(access(password=WRONG, secret=b"another"), 0.2) is None
    server.send(access(password=PASSWORD, secret=secret).RequestPacket()[:-5], server.auth_port, 0.2)
    assert server.ask(accounting("Start", secret=secret)).code == 5
    server.send(accounting("Start", secret=b"another").RequestPacket(), server.acct_port, 0.2)
    Nas.objects.update(enabled=False)
    assert eventually(lambda: server.ask(access(secret=secret), 0.2) is None)
    form = {"name": "Core", "address": "127.0.0.1", "secret": NEW, "kind": "mikrotik", "enabled": "on",
            "message_authenticator": "observe", "certificate": ""}  # fmt: skip
    client.post(reverse("radius:nas_edit", args=[nas.pk]), form)
    assert Nas.objects.get().secret == NEW
    line.secret = NEW
    line.save(update_fields=["secret"])
    assert eventually(lambda: AuthAttempt.objects.count() >= 2)


def test_no_secret_is_anywhere_but_encrypted(tmp_path: Path, client: Client):
    log = tmp_path / "log"
    with log.open("w") as file:
        server = start(log=file, RADIUS_SAMPLE_ACCEPTS="1", LOG_LEVEL="DEBUG")
        client.force_login(builders.staff(Role.MANAGER))
        try:
            use_everything(server, client)
        finally:
            stop(server)
    assert {name: found for name, text in all_tables().items() if (found := holding(text))} == {}
    assert holding(log.read_text()) == []
    for name in LISTS:
        text = export(client, name)
        assert len(text.splitlines()) >= 1
        assert holding(text) == [], name


def ring(name: str, octet: int) -> str:
    return f"{name}:{base64.b64encode(bytes([octet] * 32)).decode()}"


def test_keys_change_under_a_running_server_that_was_not_told(settings):
    """The worst order: every secret is encrypted anew before the server has been started with the new key."""
    builders.nas(secret=NAS_SECRET)
    for n in range(20):
        builders.data_account(username=f"u{n}@isp.test", secret=PASSWORD)
    server = start()
    answers: list[int | None] = []
    done = threading.Event()

    def log_in() -> None:
        n = 0
        while not done.is_set():
            reply = server.ask(access(f"u{n % 20}@isp.test", PASSWORD, secret=NAS_SECRET.encode()), 2)
            answers.append(reply.code if reply else None)
            n += 1

    thread = threading.Thread(target=log_in)
    thread.start()
    try:
        assert eventually(lambda: len(answers) > 20)
        settings.SECRETS_KEYS = f"{ring('new', 9)},{settings.SECRETS_KEYS}"
        call_command("rotate_secrets", verbosity=0)
        before = len(answers)
        assert eventually(lambda: len(answers) > before + 200, 15)
    finally:
        done.set()
        thread.join()
        stop(server)
    assert set(answers) == {ACCEPT}
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM radius_nas UNION ALL SELECT secret FROM radius_dataaccount")
        assert {key_id(sealed) for (sealed,) in cursor.fetchall()} == {"new"}


def test_a_rotation_that_was_stopped_goes_on_where_it_was(settings, capsys):
    old = settings.SECRETS_KEYS = ring("old", 1)
    builders.nas(secret=NAS_SECRET, address="10.1.0.1")
    for n in range(3):
        builders.data_account(username=f"u{n}@isp.test", secret=PASSWORD)
    settings.SECRETS_KEYS = f"{ring('new', 2)},{old}"
    first = builders.data_account(username="u9@isp.test", secret=PASSWORD)  # as far as it came
    call_command("rotate_secrets")
    said = capsys.readouterr().out
    assert "radius.Nas.secret: 1 rotated" in said
    assert "radius.DataAccount.secret: 3 rotated" in said
    call_command("rotate_secrets")
    assert "radius.DataAccount.secret: 0 rotated" in capsys.readouterr().out
    settings.SECRETS_KEYS = ring("new", 2)
    first.refresh_from_db()
    assert (first.secret, Nas.objects.get().secret) == (PASSWORD, NAS_SECRET)


def test_a_secret_that_was_never_readable_lets_nobody_in(settings):
    settings.SECRETS_KEYS = ring("old", 1)
    builders.nas(secret=NAS_SECRET, address="10.1.0.1")
    builders.data_account(username="alice@isp.test", secret=PASSWORD)
    settings.SECRETS_KEYS = ring("another", 2)
    worker = Worker()
    assert worker.snapshot.by_host == {}
    assert worker.ask(access(password="", secret=NAS_SECRET.encode())) is None


def test_where_a_key_was_lost_the_pages_work_and_another_secret_can_be_given(settings, client: Client):
    known = settings.SECRETS_KEYS
    settings.SECRETS_KEYS = ring("lost", 7)
    nas, line = builders.nas(secret=NAS_SECRET), builders.data_account(secret=PASSWORD)
    session = builders.session(data_account=line, nas=nas)
    settings.SECRETS_KEYS = known
    client.force_login(builders.staff(Role.OWNER))
    for name in (*LISTS, "session_problems", "usage_list"):
        assert client.get(reverse(f"radius:{name}")).status_code == 200, name
    for name, row in (("nas_detail", nas), ("nas_edit", nas), ("session_detail", session),
                      ("data_account_detail", line), ("data_account_edit", line)):  # fmt: skip
        assert client.get(reverse(f"radius:{name}", args=[row.pk])).status_code == 200, name
    shown = client.post(reverse("radius:data_account_reveal", args=[line.pk]), {"reason": "asked"})
    assert "SECRETS_KEYS lacks its key" in shown.content.decode()
    stored = DataAccount.objects.get()
    stored.save()  # every column, and the secret as it is: its key may be found again
    settings.SECRETS_KEYS = f"{known},{ring('lost', 7)}"
    assert DataAccount.objects.get().secret == PASSWORD
    settings.SECRETS_KEYS = known
    client.post(reverse("radius:data_account_secret", args=[line.pk]), {"secret": NEW})
    form = {"name": "Core", "address": "127.0.0.1", "secret": NEW, "kind": "mikrotik", "enabled": "on",
            "message_authenticator": "observe", "certificate": ""}  # fmt: skip
    assert client.post(reverse("radius:nas_edit", args=[nas.pk]), form).status_code == 302
    assert (DataAccount.objects.get().secret, Nas.objects.get().secret) == (NEW, NEW)
