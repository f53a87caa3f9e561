"""Simulations of many customers, part by part in the background, so that nobody waits for a page that prices all.

A part is claimed by its row lock, and what the change does in it is rolled back before the part is stored: a killed
worker's part is free again, and nothing that is supposed is ever seen by anybody.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.simulating.models import Simulation, SimulationPart
from billing.simulating.question import Question
from billing.simulating.simulator import CHUNK, Effect, effect
from ispbilling.core import events
from ispbilling.core.clock import Period
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO
from ispbilling.core.plans import Plan, Step

#: So many customers are simulated while a person waits for the page.
AT_ONCE = 1000
#: So many customers are listed, those with the largest difference.
LISTED = 100
#: How long an answer is there; prices and lines change.
KEPT = timedelta(days=1)


def ask(question: Question, now: datetime, *, actor: User | None, chunk: int = CHUNK) -> Simulation:
    """Have it answered in the background. Raises DomainError when nobody has such a line, or it is gone."""
    customers = list(question.concerned())
    if not customers:
        raise DomainError("Nobody has a recurring line that would follow it.")
    with transaction.atomic():
        made = Simulation.objects.create(
            kind=question.kind,
            subject=question.subject,
            amount=question.amount,
            day=question.day,
            label=question.words(),
            asked_at=now,
            asked_by=actor,
        )
        parts = [customers[n : n + chunk] for n in range(0, len(customers), chunk)]
        SimulationPart.objects.bulk_create(
            SimulationPart(simulation=made, number=number, low=part[0], high=part[-1])
            for number, part in enumerate(parts)
        )
        events.record("simulation.asked", made, actor=actor, at=now, customers=len(customers))
    return made


def plan(now: datetime) -> Plan:
    """The sweep: parts to simulate, answers to close, and those whose day is over."""
    steps = []
    for one in Simulation.objects.filter(finished_at=None).order_by("pk"):
        left = one.parts.filter(done_at=None).values_list("number", flat=True)
        steps += [
            Step(("part", one.pk, number), str(one), f"simulate part {number + 1}", "somebody asked")
            for number in left
        ]
        steps.append(Step(("finish", one.pk, 0), str(one), "show the answer", "all parts are done"))
    steps += [
        Step(("forget", one.pk, 0), str(one), "forget it", f"asked {one.asked_at:%Y-%m-%d %H:%M}")
        for one in Simulation.objects.filter(asked_at__lte=now - KEPT).order_by("pk")
    ]
    return Plan("simulations", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](pk, number, now) for act, pk, number in (step.key for step in steps))


def _part(pk: int, number: int, now: datetime) -> bool:
    """Simulate one part; False when another worker has it or it is done."""
    with transaction.atomic():
        rows = SimulationPart.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        part = rows.filter(simulation=pk, number=number, done_at=None).select_related("simulation").first()
        if part is None:
            return False
        question = question_of(part.simulation)
        customers = list(question.concerned().filter(customer__gte=part.low, customer__lte=part.high))
        try:
            part.answer = _told(effect(question.change(), customers, part.simulation.asked_at))
        except DomainError as refusal:
            Simulation.objects.filter(pk=pk).update(problem=str(refusal)[:300])
        part.done_at = now
        part.save(update_fields=["answer", "done_at"])
    return True


def _finish(pk: int, number: int, now: datetime) -> bool:
    waiting = SimulationPart.objects.filter(simulation=pk, done_at=None)
    if waiting.exists():
        return False
    return bool(Simulation.objects.filter(pk=pk, finished_at=None).update(finished_at=now))


def _forget(pk: int, number: int, now: datetime) -> bool:
    return bool(Simulation.objects.filter(pk=pk).delete()[0])


def question_of(one: Simulation) -> Question:
    return Question(one.kind, one.subject, one.amount, one.day)


def answer(one: Simulation) -> Effect | None:
    """What all parts found together; None while there is none. Of who differs only the largest are named."""
    told = [part.answer for part in one.parts.all() if part.answer]
    if not told:
        return None
    first = told[0]
    named = [(pk, Decimal(before), Decimal(after)) for part in told for pk, before, after in part["named"]]
    return Effect(
        Period(*(date.fromisoformat(day) for day in first["period"])),
        date.fromisoformat(first["issue_on"]),
        sum(part["customers"] for part in told),
        sum((Decimal(part["before"]) for part in told), ZERO),
        sum((Decimal(part["after"]) for part in told), ZERO),
        largest(named),
        sum(part["more"] for part in told),
        sum(part["less"] for part in told),
    )


def largest(differing: Sequence[tuple[int, Decimal, Decimal]]) -> list[tuple[int, Decimal, Decimal]]:
    """Those with the largest difference."""
    return sorted(differing, key=lambda row: (-abs(row[2] - row[1]), row[0]))[:LISTED]


def _told(found: Effect) -> dict[str, Any]:
    """An effect as JSON, amounts as text."""
    return {
        "period": [found.period.start.isoformat(), found.period.end.isoformat()],
        "issue_on": found.issue_on.isoformat(),
        "customers": found.customers,
        "before": str(found.before),
        "after": str(found.after),
        "more": found.more,
        "less": found.less,
        "named": [[pk, str(before), str(after)] for pk, before, after in largest(found.differing)],
    }


_ACTS = {"part": _part, "finish": _finish, "forget": _forget}
