"""PayFast's signature by the worked examples of its documentation and SDK, and where its requests may come from."""

from typing import Any

import pytest

from billing.gateways.interface import Kind, Post, Unreadable
from billing.gateways.models import GatewayAccount
from billing.gateways.payfast import PayFast, is_source, signature

_BLANK = [(f"custom_{kind}{n}", "") for kind in ("str", "int") for n in range(1, 6)]


def itn(*start: tuple[str, str], names: tuple[str, str, str], merchant: str) -> list[tuple[str, str]]:
    end = zip(("name_first", "name_last", "email_address"), names, strict=True)
    return [*start, *_BLANK, *end, ("merchant_id", merchant)]


def told(m: str, pf: str, item: str, gross: str, fee: str, net: str) -> tuple[tuple[str, str], ...]:
    return (
        ("m_payment_id", m), ("pf_payment_id", pf), ("payment_status", "COMPLETE"), ("item_name", item),
        ("item_description", ""), ("amount_gross", gross), ("amount_fee", fee), ("amount_net", net),
    )  # fmt: skip


#: From PayFast's documentation (with its sandbox passphrase), its PHP SDK and a captured sandbox notification.
EXAMPLES = [
    (
        itn(*told("1234", "1221576", "Order#123", "10.00", "-0.23", "9.77"),
            names=("First", "Last", "test@test.com"), merchant="10000100"),
        "jt7NOE43FZPn", "ac4c3e993d31b5b9d525dc0087051437",
    ),
    (
        itn(*told("000000020", "1579137", "Order #000000020", "15.00", "-2.30", "12.70"),
            names=("Tom", "Tom", "lindley+user1@appinlet.com"), merchant="10027938"),
        "", "4078bca2c8987e0e0c4e7230f2f46323",
    ),
    (
        itn(*told("", "558900", "Flux capacitor", "123.00", "-2.80", "120.20"),
            names=("Test", "User 01", "sbtu01@payfast.co.za"), merchant="10000100"),
        "", "94b05677771813701468289ed3cabed1",
    ),
    (
        [("merchant_id", "10000100"), ("merchant_key", "46f0cd694581a"),
         ("notify_url", "http://127.0.0.1:8000/payfast/notify/"), ("name_first", "Вася"),
         ("name_last", "Пупников"), ("m_payment_id", "23"), ("amount", "234"),
         ("item_name", "Payment (Планета суши). ID:272-15")],
        "", "481366608545707be67c6514386b3fb1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "passphrase", "expected"), EXAMPLES)
def test_the_signature_is_that_of_the_worked_examples(
    fields: list[tuple[str, str]], passphrase: str, expected: str
) -> None:
    assert signature(fields, passphrase) == expected
    if passphrase:
        changed = [(name, "11.00" if name == "amount_gross" else value) for name, value in fields]
        assert signature(changed, passphrase) != expected


def test_without_a_passphrase_of_ours_no_signature_holds(settings: Any) -> None:
    """The documentation allows it; then anybody could sign."""
    settings.PAYFAST_SOURCES = ["127.0.0.1"]
    fields, _, expected = EXAMPLES[2]
    body = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in [*fields, ("signature", expected)])
    post = Post(body.encode(), "127.0.0.1")
    gateway = PayFast(GatewayAccount(name="payfast", merchant_id="10000100", merchant_key="k", passphrase=""))
    told = gateway.read(post)
    assert (told.kind, told.external_id, str(told.amount), str(told.fee)) == (
        Kind.PAID,
        "558900",
        "123.00",
        "2.80",
    )
    assert "email_address" not in told.fields and "signature" not in told.fields  # noqa: PT018 - one idea
    checks = gateway.check(post, told)
    assert not checks.pop("signature")
    assert all(checks.values())


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("197.97.145.150", True),
        ("197.97.145.160", False),
        ("41.74.179.223", True),
        ("144.126.193.139", True),
        ("::ffff:102.216.36.130", True),
        ("2001:db8::1", False),
        ("", False),
        ("41.74.179.223, 10.0.0.1", False),
    ],
)
def test_requests_come_from_the_published_networks(settings: Any, address: str, known: bool) -> None:
    settings.PAYFAST_SOURCES = [one for one in settings.PAYFAST_SOURCES if one[0].isdigit()]
    assert is_source(address) is known


def test_a_name_among_the_sources_is_looked_up(settings: Any) -> None:
    settings.PAYFAST_SOURCES = ["localhost", "no-such-host.invalid"]
    assert is_source("127.0.0.1")
    assert not is_source("127.0.0.2")


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"a=1&" * 200, b"x" * 20_000, b"payment_status=COMPLETE", b"signature=%00&pf_payment_id=1",
     b"pf_payment_id=1&pf_payment_id=2&payment_status=COMPLETE&signature=x"],
)  # fmt: skip
def test_what_is_no_notification_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        PayFast(GatewayAccount(name="payfast")).read(Post(body, "127.0.0.1"))
