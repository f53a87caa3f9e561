"""`./run test --features`: which tests show which feature of docs/features.md. Runs nothing, starts nothing."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

LIST = Path(__file__).parents[2] / "docs" / "features.md"
#: The finished list, between collecting and the end.
REPORT = pytest.StashKey[str]()
_ROW = re.compile(r"^\| ([A-Z]+-[0-9]+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--features", action="store_true", help="print the tests of each feature; run nothing")


def listed() -> dict[str, str]:
    """ID -> one line, for every feature of the project's list. Raises ValueError for an ID listed twice."""
    rows = _ROW.findall(LIST.read_text())
    found = {name: text for name, text, _ in rows}
    if len(found) != len(rows):
        raise ValueError(f"{LIST.name} lists an ID twice")
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse marks that name no feature: a slip of the pen would show nothing."""
    features, shown = listed(), _shown(session.items)
    if unknown := sorted(set(shown) - set(features)):
        raise pytest.UsageError(f"marked as features but not in {LIST.name}: {', '.join(unknown)}")
    session.config.stash[REPORT] = report(features, shown)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --features, nothing runs."""
    return True if session.config.getoption("--features") else None


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The list is the last thing printed."""
    if config.getoption("--features", default=False) and (lines := config.stash.get(REPORT, None)):
        print(lines)


def report(features: dict[str, str], shown: dict[str, list[str]]) -> str:
    """Each feature with its tests, then how many are tested and which are not."""
    lines = []
    for name, text in features.items():
        lines += [f"{name}  {text}", *(f"    {test}" for test in shown.get(name, ["(no test)"]))]
    missing = [name for name in features if name not in shown]
    tested = len(features) - len(missing)
    lines.append(f"features: {tested} of {len(features)} tested; missing: {', '.join(missing) or 'none'}")
    return "\n".join(lines)


def _shown(items: list[pytest.Item]) -> dict[str, list[str]]:
    """ID -> its tests, each once however many cases it has."""
    shown: dict[str, dict[str, None]] = defaultdict(dict)
    for item in items:
        for mark in item.iter_markers("feature"):
            for name in mark.args:
                shown[name][item.nodeid.partition("[")[0]] = None
    return {name: list(tests) for name, tests in shown.items()}
