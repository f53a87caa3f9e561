"""Includes only: staff at /, portal at /portal/."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path

from ispbilling import dashboard, running, search


def closed(request: HttpRequest, **_: Any) -> HttpResponse:
    """Not of this site: a login's address is its customer's primary contact's, or set by the owner."""
    raise Http404


urlpatterns = [
    path("", dashboard.Dashboard.as_view(), name="dashboard"),
    path("portal/", include("portal.urls")),
    path("running/", running.Running.as_view(), name="running"),
    path("search/", search.SearchPage.as_view(), name="search"),
    re_path("^account/(?:email|confirm-email|login/code)/", closed, name="account_closed"),
    path("account/", include("allauth.urls")),
    path("groups/", include("groups.urls")),
    path("customers/merge/", include("billing.merging.urls")),
    path("customers/", include("customers.urls")),
    path("customers/", include("ispbilling.protection.urls")),
    path("data/", include("radius.urls")),
    path("billing/", include("billing.urls")),
    path("pay/", include("billing.gateways.urls")),
    path("", include("notifications.urls")),
    path("", include("ispbilling.core.urls")),
]
