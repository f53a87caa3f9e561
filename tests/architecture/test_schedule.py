"""The table of sweeps: every line resolves, and running a sweep twice does nothing twice."""

from datetime import timedelta

import pytest
from django.utils.module_loading import import_string

from ispbilling import sweeping
from ispbilling.celery import app
from ispbilling.core.clock import now
from ispbilling.schedule import SWEEPS

NAMES = [sweep.name for sweep in SWEEPS]


@pytest.mark.parametrize("sweep", SWEEPS, ids=NAMES)
def test_the_line_names_a_function_that_exists(sweep) -> None:
    assert callable(import_string(sweep.path))


def test_beat_runs_exactly_the_table() -> None:
    assert sorted(app.conf.beat_schedule) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_finds_nothing_left_to_do(transactional_db, world, name: str) -> None:
    at = now() + timedelta(days=40)
    first = sweeping.run(name, at)
    assert not first.failed
    second = sweeping.run(name, at)
    assert (second.applied, second.failed) == (0, [])
