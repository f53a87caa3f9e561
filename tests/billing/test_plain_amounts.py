"""Amounts are read as they are written, or refused; never guessed at."""

import pytest
from django.core.exceptions import ValidationError
from django.forms import modelform_factory

from billing.models import BillingSettings
from billing.recurring.forms import ProductForm, RecurringLineForm, ReplaceForm, SettingsForm, VatRateForm
from ispbilling.core.forms import PlainDecimalField

BAD = ["1e3", "NaN", "Infinity", "-5", "1,000.00", "1 000", "1.000,00", "٣", "0x10", "+5", ".5"]


@pytest.mark.parametrize("typed", BAD)
@pytest.mark.parametrize(
    ("form", "name"),
    [
        (ProductForm, "price"), (RecurringLineForm, "price"), (RecurringLineForm, "quantity"),
        (RecurringLineForm, "discount"), (ReplaceForm, "price"), (ReplaceForm, "quantity"),
        (ReplaceForm, "discount"), (VatRateForm, "percent"), (SettingsForm, "standard_discount"),
    ],
)  # fmt: skip
def test_an_amount_that_is_not_written_plainly_is_an_error_of_the_field(form, name, typed):
    field = form.base_fields[name]
    with pytest.raises(ValidationError, match="plainly"):
        field.clean(typed)
    assert field.clean("12.50") == 12.5


def test_a_plain_number_keeps_the_bounds_of_its_column():
    form = modelform_factory(
        BillingSettings, fields=["standard_discount"], field_classes={"standard_discount": PlainDecimalField}
    )
    assert form({"standard_discount": "101"}).errors
