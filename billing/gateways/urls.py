"""Where gateways tell what happened, below /pay/: for machines, without a log-in."""

from django.urls import path

from billing.gateways.notify import Notify

app_name = "gateways"

urlpatterns = [path("<slug:name>/notify/", Notify.as_view(), name="notify")]
