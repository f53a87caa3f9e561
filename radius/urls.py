"""The staff pages of this app, one include per slice."""

from django.urls import include, path

app_name = "radius"
urlpatterns = [
    path("", include("radius.nas.urls")),
    path("", include("radius.topups.urls")),
    path("", include("radius.catalogue.urls")),
    path("", include("radius.accounts.urls")),
    path("", include("radius.attributes.urls")),
    path("", include("radius.degrading.urls")),
    path("", include("radius.quarantine.urls")),
    path("", include("radius.usage.urls")),
    path("", include("radius.consumption.urls")),
    path("", include("radius.speed.urls")),
    path("", include("radius.bundles.urls")),
    path("", include("radius.coa.urls")),
    path("", include("radius.rolling.urls")),
    path("", include("radius.server.urls")),
    path("", include("radius.tracing.urls")),
]
