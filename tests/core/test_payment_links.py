"""Links to pay by: only placeholders that are known, filled in so that nothing in a reference can change the link."""

from decimal import Decimal

import pytest

from ispbilling.core.payment_links import Due, check, fill, qr_svg

DUE = Due("A&B/01#x", Decimal("539.50"), "INV-2026-000001")


def test_it_is_filled_in() -> None:
    link = "https://pay.example/AbC?id={document}&ref={reference}&amount={amount}&c={cents}&strict=true"
    check(link)
    assert fill(link, DUE) == (
        "https://pay.example/AbC?id=INV-2026-000001&ref=A%26B%2F01%23x&amount=539.50&c=53950&strict=true"
    )


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("http://pay.example/{amount}", "starts with https"),
        ("javascript:alert(1)", "starts with https"),
        ("https://pay.example/{who}", "{who} is not known"),
        ("https://pay.example/{}", "{} is not known"),
        ("https://pay.example/{amount.real}", "is not known"),
        ("https://pay.example/{amount!r}", "is not known"),
        ("https://pay.example/{cents:>9999999}", "is not known"),
        ("https://pay.example/{amount", "A brace is open"),
        ("https://pay.example/amount}", "A brace is open"),
    ],
)
def test_what_cannot_be_filled_in_is_refused_in_words(link: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(link)


def test_the_same_text_is_the_same_picture_and_another_another() -> None:
    assert qr_svg("https://a.example/1") == qr_svg("https://a.example/1") != qr_svg("https://a.example/2")
    assert qr_svg("x").startswith("<svg")
