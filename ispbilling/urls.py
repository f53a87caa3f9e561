"""Includes only: staff at /, portal at /portal/."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
]
