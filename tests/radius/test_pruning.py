"""Rejects are forgotten after a while."""

from datetime import timedelta

import pytest

from ispbilling.core.clock import now
from ispbilling.schedule import find
from ispbilling.sweeping import run
from radius.models import AuthAttempt
from radius.server import pruning
from tests import builders

pytestmark = pytest.mark.django_db


def test_rejects_are_kept_for_as_long_as_the_setting_says(settings):
    at = now()
    builders.auth_attempt(at=at - timedelta(days=91))
    kept = builders.auth_attempt(at=at - timedelta(days=89))
    assert find("prune_rejects").path == "radius.sweeps.prune_rejects"
    assert run("prune_rejects", at).applied == 1
    assert list(AuthAttempt.objects.all()) == [kept]
    assert run("prune_rejects", at).applied == 0
    settings.RADIUS_KEEP_REJECTS_DAYS = 30
    assert run("prune_rejects", at).applied == 1
    assert not AuthAttempt.objects.exists()


def test_a_block_at_a_time_is_deleted_and_the_young_among_them_stay():
    at = now()
    days = (100, 100, 100, 1, 100)
    old = [builders.auth_attempt(at=at - timedelta(days=age)).pk for age in days]
    blocks = pruning.blocks(at, 2)
    assert blocks == [(old[0], old[1]), (old[2], old[3]), (old[4], old[4])]
    assert [pruning.prune(block, at) for block in blocks] == [2, 1, 1]
    assert pruning.blocks(at) == []
    assert AuthAttempt.objects.get().pk == old[3]
