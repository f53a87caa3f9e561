"""/sessions/problems/."""

from django.urls import path

from radius.quarantine import views

urlpatterns = [path("sessions/problems/", views.QuarantineList.as_view(), name="quarantine_list")]
