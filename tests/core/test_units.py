"""1 GB is 10**9 octets, everywhere."""

import pytest

from ispbilling.core.units import (
    GB,
    TB,
    format_kbps,
    format_octets,
    format_seconds,
    parse_octets,
    spoken_seconds,
)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (416_300_000_000, "416.3 GB"),
        (1_100 * GB, "1.1 TB"),
        (5 * 10**6, "5.0 MB"),
    ],
)
def test_octets_are_shown_in_the_largest_unit(octets: int, text: str) -> None:
    assert format_octets(octets) == text


@pytest.mark.parametrize(
    ("text", "octets"),
    [("150 GB", 150 * GB), ("1.1 TB", 1_100 * GB), ("2", 2 * GB), ("1tb", TB), ("500MB", 5 * 10**8)],
)
def test_sizes_are_read_as_people_write_them(text: str, octets: int) -> None:
    assert parse_octets(text) == octets


@pytest.mark.parametrize("text", ["", "GB", "-1 GB", "1 GiB", "ten"])
def test_a_size_nobody_can_mean_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_octets(text)


def test_speeds_and_durations_read_as_on_the_profile() -> None:
    assert [format_kbps(n) for n in (0, 512, 20_000, 10_500)] == [
        "0 kb/s",
        "512 kb/s",
        "20 Mb/s",
        "10.5 Mb/s",
    ]
    assert format_seconds(93_784) == "1d 02:03:04"
    assert [spoken_seconds(n) for n in (0, 86_400, 300, 5400, 90)] == [
        "0 seconds", "1 day", "5 minutes", "1 hour 30 minutes", "1 minute 30 seconds",
    ]  # fmt: skip
