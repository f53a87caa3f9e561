"""Filters of the outbox."""

import django_filters

from ispbilling.core.forms import DateRangeInput
from notifications.kinds import CATALOGUE
from notifications.models import Channel, Message


class MessageFilter(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=[(k.name, k.label) for k in CATALOGUE], label="Kind")
    channel = django_filters.MultipleChoiceFilter(choices=Channel.choices, label="Channel")
    created_at = django_filters.DateFromToRangeFilter(label="Between", widget=DateRangeInput)

    class Meta:
        model = Message
        fields = ("kind", "channel", "created_at")
