"""The sweep of imports: whatever waits to be checked, imported or undone, one import per step."""

from collections.abc import Callable, Sequence
from datetime import datetime

from celery import current_app

from customers.imports import applying, checking, undoing
from customers.imports.models import CustomerImport, ImportState
from ispbilling.core.plans import Plan, Step

_ACTS: dict[str, tuple[str, Callable[[int, datetime], bool]]] = {
    ImportState.CHECKING: ("check", checking.check),
    ImportState.APPLYING: ("import", applying.apply),
    ImportState.UNDOING: ("undo", undoing.undo),
}
#: The events that give it something to do.
_STARTS = {"import.check_requested", "import.approved", "import.undo_requested"}


def waiting(now: datetime) -> Plan:
    """Every import that somebody asked something of."""
    rows = CustomerImport.objects.filter(state__in=_ACTS).order_by("pk")
    steps = [Step((one.pk, one.state), str(one), _ACTS[one.state][0], "somebody asked") for one in rows]
    return Plan("import_customers", steps, _work, chunk=1)


def _work(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[state][1](import_id, now) for import_id, state in (step.key for step in steps))


def on_event(kind: str) -> None:
    """The wake-up of the event log: start now, not at the sweep's next tick."""
    if kind in _STARTS:
        current_app.send_task(
            "ispbilling.tasks.sweep", args=["import_customers"], expires=30, retry=False, ignore_result=True
        )
