"""Rejects are forgotten after a while."""

from datetime import timedelta

import pytest

from ispbilling.core.clock import now
from ispbilling.schedule import find
from ispbilling.sweeping import run
from radius.models import AuthAttempt, DecisionFacts, QuarantinedPacket, UnknownSurplus
from radius.server import pruning
from radius.server.erasing import erase
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


def test_quarantined_packets_are_kept_as_long():
    at = now()
    for age in (91, 89):
        QuarantinedPacket.objects.create(at=at - timedelta(days=age), reason="odd", report={})
    assert run("prune_rejects", at).applied == 1
    assert QuarantinedPacket.objects.get().at == at - timedelta(days=89)


def test_counts_of_unknown_usernames_are_kept_as_long():
    at, nas = now(), builders.nas()
    for age in (91, 89):
        UnknownSurplus.objects.create(nas=nas, at=at - timedelta(days=age), count=7)
    assert run("prune_rejects", at).applied == 1
    assert UnknownSurplus.objects.get().at == at - timedelta(days=89)


def test_a_block_at_a_time_is_deleted_and_the_young_among_them_stay():
    at = now()
    days = (100, 100, 100, 1, 100)
    old = [builders.auth_attempt(at=at - timedelta(days=age)).pk for age in days]
    blocks = pruning.blocks(at, 2)
    assert blocks == [(old[0], old[1]), (old[2], old[3]), (old[4], old[4])]
    assert [pruning.prune(block, at) for block in blocks] == [2, 1, 1]
    assert pruning.blocks(at) == []
    assert AuthAttempt.objects.get().pk == old[3]


def test_what_log_ins_were_decided_from_goes_a_day_after_the_last_of_them():
    at = now()
    old = builders.auth_attempt(trace=[], at=at - timedelta(days=95)).facts
    kept = builders.auth_attempt(trace=[], at=at - timedelta(days=95)).facts
    DecisionFacts.objects.filter(pk=old.pk).update(day=(at - timedelta(days=92)).date())
    assert run("prune_rejects", at).applied == 2
    assert list(DecisionFacts.objects.all()) == [kept]


def test_erasing_a_person_takes_what_was_decided_with_it():
    line = builders.data_account(username="ali@isp.test")
    builders.auth_attempt(trace=[], data_account=line, username="ali@isp.test")
    builders.auth_attempt(trace=[], username="ALI@isp.test")
    other = builders.auth_attempt(trace=[])
    attempt = builders.auth_attempt(username="ali@isp.test")
    AuthAttempt.objects.filter(pk=attempt.pk).update(facts=other.facts)
    erase(line.customer, ["ali@isp.test"])
    assert list(AuthAttempt.objects.all()) == [other]
    assert list(DecisionFacts.objects.all()) == [other.facts]
