"""Includes only: staff at /, portal at /portal/."""

from django.urls import include, path

from ispbilling import search

urlpatterns = [
    path("search/", search.SearchPage.as_view(), name="search"),
    path("account/", include("allauth.urls")),
    path("portal/", include("portal.urls")),
    path("", include("ispbilling.core.urls")),
    path("data/", include("radius.urls")),
]
