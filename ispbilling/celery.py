"""The Celery application; beat reads the one table of sweeps in `ispbilling/schedule.py`."""

import os

from celery import Celery
from celery.signals import worker_process_init

from ispbilling.core.collecting import settle
from ispbilling.schedule import SWEEPS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")

app = Celery("ispbilling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["ispbilling"])
app.conf.beat_schedule = {
    sweep.name: {
        "task": "ispbilling.tasks.sweep",
        "schedule": sweep.when,
        "args": [sweep.name],
        # A tick that could not be fetched in time is dropped: the next one does the same work.
        "options": {"expires": sweep.expires},
    }
    for sweep in SWEEPS
}


@worker_process_init.connect
def _settle(**_: object) -> None:
    settle()
