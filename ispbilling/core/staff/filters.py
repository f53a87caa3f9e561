"""Filters of the staff list."""

import django_filters

from ispbilling.core.models import Role, User


class StaffFilter(django_filters.FilterSet):
    role = django_filters.MultipleChoiceFilter(
        choices=[(r.value, r.label) for r in Role.staff()], label="Role"
    )

    class Meta:
        model = User
        fields = ("role",)
