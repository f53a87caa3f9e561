"""The project package: settings, urls, Celery, the schedule, navigation, dashboard and search.

It wires the apps together and owns no business rule. The kernel every app stands on is `ispbilling.core`.
"""

from ispbilling.celery import app as celery_app

__all__ = ["celery_app"]
