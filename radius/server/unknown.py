"""Usernames that were refused because no data account has them, and which ones they may be meant to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max
from django.db.models.functions import Upper

from radius.accounts.models import DataAccount
from radius.server.counts import UNKNOWN
from radius.server.models import AuthAttempt

RECENT = timedelta(days=7)
#: Of so many log-ins, the latest, usernames are gathered; and so many usernames are shown.
GATHERED, SHOWN = 10_000, 25
#: How alike two usernames must be, 0 to 1.
ALIKE = 0.4
_MOST = 3


@dataclass(frozen=True, slots=True)
class Unknown:
    """One such username: its latest attempt, how many there were, the line that has it by now, similar ones."""

    attempt: AuthAttempt
    count: int
    account: DataAccount | None
    similar: Sequence[DataAccount]

    @property
    def username(self) -> str:
        return self.attempt.username


def unknown(now: datetime, gathered: int = GATHERED) -> list[Unknown]:
    """Those of the last days, the latest first; of so many log-ins, the latest."""
    latest = AuthAttempt.objects.filter(code=UNKNOWN).order_by("-id")[:gathered]
    recent = AuthAttempt.objects.filter(pk__in=latest.values("pk"), at__gte=now - RECENT).order_by()
    groups = recent.values(name=Upper("username")).annotate(count=Count("*"), latest=Max("id"))
    rows = list(groups.order_by("-latest")[:SHOWN])
    attempts = AuthAttempt.objects.select_related("nas").in_bulk([row["latest"] for row in rows])
    names = [attempts[row["latest"]].username for row in rows]
    known = {
        account.username.upper(): account
        for account in DataAccount.objects.annotate(upper=Upper("username")).filter(
            upper__in=[row["name"] for row in rows]
        )
    }
    alike = similar(names)
    return [
        Unknown(attempts[row["latest"]], row["count"], known.get(row["name"]), alike.get(name, ()))
        for row, name in zip(rows, names, strict=True)
    ]


def similar(usernames: Sequence[str]) -> dict[str, list[DataAccount]]:
    """The data accounts whose usernames are most like each of these, best first; by the trigram index."""
    if not usernames:
        return {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(ALIKE)])
        realms = [f"{_escaped(name)}@%" for name in usernames]
        asked: dict[str, Any] = {"names": list(usernames), "realms": realms, "most": _MOST, "alike": ALIKE}
        cursor.execute(_SIMILAR, asked)
        rows: list[tuple[str, Any]] = cursor.fetchall()
    accounts = DataAccount.objects.select_related("customer").in_bulk({pk for _, pk in rows})
    found: dict[str, list[DataAccount]] = {}
    for name, pk in rows:
        found.setdefault(name, []).append(accounts[pk])
    return found


# What stands before the realm: that they share one makes nobody alike, and a realm too much or too little is the
# most common mistake.
_SIMILAR = """
SELECT asked.name, alike.id
FROM unnest(%(names)s::text[]) asked(name)
CROSS JOIN LATERAL (
    SELECT id, similarity(split_part(upper(username), '@', 1), split_part(upper(asked.name), '@', 1)) AS score
    FROM radius_dataaccount
    WHERE split_part(upper(username), '@', 1) %% split_part(upper(asked.name), '@', 1)
      AND upper(username) <> upper(asked.name)
    ORDER BY score DESC, id LIMIT %(most)s
) alike
WHERE alike.score >= %(alike)s
ORDER BY asked.name, alike.score DESC, alike.id
"""


def _escaped(text: str) -> str:
    """Text that LIKE takes for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
