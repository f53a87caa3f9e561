"""VAT is rounded on each line, or once on the document; either way the lines sum to it, and the paper says which."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.documents import credit, issuing
from billing.documents.rendering import render_pdf
from billing.documents.verification import findings
from billing.drafts import writing
from billing.drafts.writing import LineValues
from billing.models import BillingSettings, Document
from billing.recurring.charges import Bill, due
from billing.recurring.pricing import Price, once
from billing.recurring.terms import Terms
from billing.runs.drafting import draft_of
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of, now
from ispbilling.core.money import CENT, ZERO, vat_in_gross, vat_of_net
from tests import builders
from tests.billing.test_rendering import text_of

NOVEMBER = month_of(date(2026, 11, 1))
RATE = Decimal(15)
AMOUNTS = st.lists(st.integers(0, 10**9).map(lambda cents: cents * CENT), min_size=1, max_size=12)
RATES = st.sampled_from([ZERO, Decimal("14.00"), RATE, Decimal("15.5")])


def on_lines(bases: list[Decimal], rates: list[Decimal], *, includes: bool) -> list[tuple[Price, Decimal]]:
    found = []
    for base, rate in zip(bases, rates, strict=True):
        vat = vat_in_gross(base, rate) if includes else vat_of_net(base, rate)
        found.append((Price(base - vat if includes else base, vat), rate))
    return found


@pytest.mark.feature("W-6")
@settings(deadline=None)
@given(AMOUNTS, st.data(), st.booleans())
def test_the_lines_sum_to_vat_rounded_once(bases: list[Decimal], data: st.DataObject, includes: bool) -> None:
    rates = data.draw(st.lists(RATES, min_size=len(bases), max_size=len(bases)))
    lines = on_lines(bases, rates, includes=includes)
    found = once(lines, includes_vat=includes)
    of = vat_in_gross if includes else vat_of_net
    for rate in set(rates):
        mine = [n for n, one in enumerate(rates) if one == rate]
        assert sum(found[n].vat for n in mine) == of(sum((bases[n] for n in mine), ZERO), rate)
    for price, (before, _) in zip(found, lines, strict=True):
        assert abs(price.vat - before.vat) <= CENT
        assert price.vat >= 0
        assert (price.total if includes else price.net) == (before.total if includes else before.net)


def bill(rounding: str, alice: Customer) -> Bill:
    BillingSettings.objects.update(rounding=rounding)
    (found,) = due(Terms.of(NOVEMBER, NOVEMBER.start), day_start(NOVEMBER.start))
    return found


@pytest.fixture
def three_lines(alice: Customer) -> None:
    """R 9.99 each: R 1.303 of VAT in a line, R 3.909 in the three."""
    for number in range(3):
        builders.recurring_line(customer=alice, description=f"Line {number}", price=Decimal("9.99"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rounding", "vat"), [("line", ["1.30", "1.30", "1.30"]), ("document", ["1.31", "1.30", "1.30"])]
)
def test_a_run_rounds_as_the_settings_say_and_the_paper_says_so(
    alice: Customer, three_lines: None, rounding: str, vat: list[str]
) -> None:
    found = bill(rounding, alice)
    assert [str(charge.price.vat) for charge in found.charges] == vat
    assert found.total == Decimal("29.97")
    draft = draft_of(found, None, "test")
    made = issuing.issue([draft], NOVEMBER.start, now())[0]
    made = Document.objects.get(pk=made.pk)
    assert (made.rounding, made.vat) == (rounding, sum(map(Decimal, vat)))
    BillingSettings.objects.update(rounding="line" if rounding == "document" else "document")
    text = text_of(render_pdf(made))
    assert ("on each line" in text) == (rounding == "line")
    assert ("once, on the document" in text) == (rounding == "document")
    note = credit.credit(made, NOVEMBER.start, day_start(NOVEMBER.start), actor=None, reason="wrong")
    assert (note.rounding, note.vat) == (rounding, -made.vat)
    assert list(findings()) == []


@pytest.mark.django_db
def test_who_changes_the_rounding_is_previewed_again(alice: Customer, three_lines: None) -> None:
    assert bill("line", alice).digest != bill("document", alice).digest


@pytest.mark.django_db
def test_an_invoice_written_by_hand_is_rounded_the_same_way(alice: Customer) -> None:
    BillingSettings.objects.update(rounding="document")
    lines = [LineValues(f"Line {n}", Decimal(1), Decimal("9.99")) for n in range(3)]
    draft = builders.draft(alice, *lines, LineValues("Exempt", Decimal(1), Decimal("9.99"), vat_exempt=True))
    made = writing.issue(draft, now(), actor=None)
    assert [str(line.vat) for line in made.lines.all()] == ["1.31", "1.30", "1.30", "0.00"]
    assert (made.rounding, made.vat) == ("document", Decimal("3.91"))
