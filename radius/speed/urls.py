"""/speed-tests/."""

from django.urls import path

from radius.speed import views

urlpatterns = [path("speed-tests/", views.SpeedTestList.as_view(), name="speed_test_list")]
