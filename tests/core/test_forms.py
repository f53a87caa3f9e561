"""What the base forms add to Django's."""

import pytest
from django import forms

from groups.models import CustomerGroup
from ispbilling.core.forms import Form

DASHED = [("", "---------"), ("a", "A")]


class Choosing(Form):
    group = forms.ModelChoiceField(CustomerGroup.objects.none(), required=False)
    must = forms.ModelChoiceField(CustomerGroup.objects.none())
    plain = forms.ChoiceField(choices=DASHED, required=False)


@pytest.mark.parametrize(("name", "word"), [("group", "None"), ("must", "Choose one"), ("plain", "None")])
def test_an_empty_choice_is_a_word(name: str, word: str, db: None) -> None:
    assert next(iter(Choosing().fields[name].choices)) == ("", word)  # type: ignore[attr-defined]
