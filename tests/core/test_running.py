"""What runs in the background is shown in the top bar to whoever may watch it."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.runs import monthly
from customers.imports import checking
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from tests import builders
from tests.customers.importing import as_csv, upload

pytestmark = pytest.mark.django_db


def mark(client: Client) -> str:
    return client.get(
        reverse("running"), headers={"HX-Request": "true", "HX-Target": "running"}
    ).content.decode()


def test_it_shows_nothing_while_nothing_runs(as_manager: Client) -> None:
    assert "<a" not in mark(as_manager)
    assert "Nothing is running" in as_manager.get(reverse("running")).content.decode()
    assert 'hx-trigger="load delay:1s, every 15s"' in as_manager.get("/").content.decode()


def test_it_leads_to_what_runs_for_whoever_may_watch_it(as_manager: Client, client: Client) -> None:
    builders.group(title="Home")
    one = upload(as_csv(["1", "Alice", "Home"]))
    checking.request(one, now(), actor=None)
    assert one.get_absolute_url() in mark(as_manager)
    run = builders.run()
    monthly.approve(run, now(), actor=None)
    assert reverse("running") in mark(as_manager)
    both = as_manager.get(reverse("running")).content.decode()
    assert one.get_absolute_url() in both
    assert run.get_absolute_url() in both
    client.force_login(builders.staff(Role.ACCOUNTS))
    assert run.get_absolute_url() in mark(client)
