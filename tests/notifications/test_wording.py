"""Every kind in every channel, from the catalogue's own samples."""

import pytest

from notifications.channels.sms import segments
from notifications.compose import compose
from notifications.errors import MissingVariable
from notifications.gathering import SOURCES
from notifications.kinds import CATALOGUE, COMMON, KINDS, Kind
from notifications.models import Channel

LOGINS = [{"username": "ali001", "link": "https://isp.example/account/password/reset/key/1-abc/"}]
LINKS = ("welcome", "password_reset", "update_request", "rating_request")


def sample(kind: Kind) -> dict[str, object]:
    return {**COMMON, **kind.sample, **({"logins": LOGINS} if "logins" in kind.sample else {})}


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.name)
@pytest.mark.parametrize("channel", Channel.values)
def test_it_renders_every_kind_in_every_channel(kind: Kind, channel: str) -> None:
    words = compose(kind, channel, sample(kind))
    assert "{{" not in words.text + words.html
    if channel == Channel.EMAIL:
        assert words.subject
        assert COMMON["provider"] in words.text
        assert "<html" in words.html
    elif kind.name not in LINKS:  # a one-time link alone takes most of a segment
        assert segments(words.text) == 1


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.name)
def test_it_has_a_source_for_every_kind(kind: Kind) -> None:
    assert kind.name in SOURCES


@pytest.mark.parametrize("name", ["total", "provider"])
def test_it_refuses_to_leave_a_variable_blank(name: str) -> None:
    kind = KINDS["invoice_issued"]
    variables = sample(kind)
    del variables[name]
    with pytest.raises(MissingVariable, match=name):
        compose(kind, Channel.EMAIL, variables)


def test_it_writes_names_as_they_are_in_text_and_escapes_them_in_html() -> None:
    kind = KINDS["cancellation_cleared"]
    words = compose(kind, Channel.EMAIL, {**sample(kind), "name": "O'Neil & <Sons>"})
    assert "Hello O'Neil & <Sons>," in words.text
    assert "O&#x27;Neil &amp; &lt;Sons&gt;" in words.html


@pytest.mark.parametrize(
    ("text", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2)],
)
def test_it_counts_sms_segments(text: str, count: int) -> None:
    assert segments(text) == count
