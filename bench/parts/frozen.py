"""As the outage, but PostgreSQL keeps its connections and does not answer: the harder case to notice."""

from typing import Any

from bench.parts.outage import frozen, measured
from bench.stage import Stage


def run(stage: Stage) -> dict[str, Any]:
    """The same figures."""
    return measured(stage, frozen, max(4, stage.options.outage_seconds // 2), stage.spared[50:100])
