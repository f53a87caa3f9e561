"""A sweep survives a bad row, decides again under the lock, and does nothing twice."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from groups.models import CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.plans import Plan, Step
from tests import builders


def step(key: int) -> Step:
    return Step(key, f"group {key}", "rename", "test")


def test_one_bad_row_is_parked_and_the_others_are_kept(db: None) -> None:
    ids = [builders.group().pk for _ in range(20)]
    bad = ids[7]

    def rename(steps: Sequence[Step], at: datetime) -> int:
        for one in steps:
            CustomerGroup.objects.filter(pk=one.key).update(description="done")
            if one.key == bad:
                raise ValueError("poison")
        return len(steps)

    result = Plan("test", [step(pk) for pk in ids], rename, chunk=8).apply(now())
    assert (result.applied, [failed.key for failed, _ in result.failed]) == (19, [bad])
    assert result.failed[0][1] == "ValueError: poison"
    assert CustomerGroup.objects.filter(description="done").count() == 19


def test_what_is_no_longer_due_is_counted_as_skipped(db: None) -> None:
    result = Plan("test", [step(1), step(2)], lambda steps, at: 0).apply(now())
    assert str(result) == "0 applied, 2 no longer due"


def test_each_chunk_is_a_transaction_of_its_own(transactional_db: None) -> None:
    def act(steps: Sequence[Step], at: datetime) -> int:
        assert transaction.get_connection().in_atomic_block
        return len(steps)

    assert Plan("test", [step(n) for n in range(5)], act, chunk=2).apply(now()).applied == 5
