"""Filters of the NAS list."""

import django_filters

from groups.models import HighSite
from radius.nas.models import MessageAuthenticator, Nas, NasKind


class NasFilter(django_filters.FilterSet):
    high_site = django_filters.ModelMultipleChoiceFilter(queryset=HighSite.objects.all(), label="Highsite")
    kind = django_filters.ChoiceFilter(choices=NasKind.choices, label="Kind")
    message_authenticator = django_filters.ChoiceFilter(
        choices=MessageAuthenticator.choices, label="Message-Authenticator"
    )

    class Meta:
        model = Nas
        fields = ("high_site", "kind", "message_authenticator")
