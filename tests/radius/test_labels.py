"""A package's name against what it gives (D-17)."""

import pytest

from ispbilling.core.units import GB
from radius.catalogue.labels import differences

pytestmark = pytest.mark.feature("D-17", "DAT-7")


@pytest.mark.parametrize(
    "title",
    [
        "Home",
        "20Mb/s Uncapped",
        "20/10 Mbps",
        "Fibre 20 Mbit/s",
        "Plan 9",
        "2026 special",
        "20000kb/s uncapped",
    ],
)
def test_a_name_that_agrees_or_claims_nothing_is_quiet(title: str) -> None:
    assert differences(title, 20_000, 10_000, None) == []


def test_it_says_what_the_name_claims_and_what_is_given() -> None:
    assert differences("10Mb/s Uncapped", 20_000, 20_000, GB) == [
        "The name says 10 Mb/s down, but the service gives 20 Mb/s.",
        "The name says uncapped, but the cap is 1.0 GB.",
    ]
    assert differences("150GB 20/20Mbps", 20_000, 10_000, 100 * GB) == [
        "The name says 20 Mb/s up, but the service gives 10 Mb/s.",
        "The name says 150.0 GB, but the cap is 100.0 GB.",
    ]
    assert differences("1.5 TB", 1, 1, None) == ["The name says 1.5 TB, but it is uncapped."]
