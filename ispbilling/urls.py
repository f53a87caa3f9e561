"""Includes only: staff at /, portal at /portal/."""

from django.urls import include, path

from ispbilling import dashboard, search

urlpatterns = [
    path("", dashboard.Dashboard.as_view(), name="dashboard"),
    path("portal/", include("portal.urls")),
    path("search/", search.SearchPage.as_view(), name="search"),
    path("account/", include("allauth.urls")),
    path("groups/", include("groups.urls")),
    path("customers/", include("customers.urls")),
    path("data/", include("radius.urls")),
    path("billing/", include("billing.urls")),
    path("", include("notifications.urls")),
    path("", include("ispbilling.core.urls")),
]
