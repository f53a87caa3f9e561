"""/ip-lookup/."""

from django.urls import path

from radius.tracing import views

urlpatterns = [path("ip-lookup/", views.IpLookup.as_view(), name="ip_lookup")]
