"""/sessions/packets/."""

from django.urls import path

from radius.quarantine import views

urlpatterns = [path("sessions/packets/", views.QuarantineList.as_view(), name="quarantine_list")]
