"""/rejects/ and /login-check/."""

from django.urls import path

from radius.server import views

urlpatterns = [
    path("rejects/", views.RejectList.as_view(), name="reject_list"),
    path("rejects/unknown/", views.UnknownList.as_view(), name="unknown_list"),
    path("rejects/unknown/add/", views.UnknownAdopt.as_view(), name="unknown_adopt"),
    path("login-check/", views.ConnectionCheck.as_view(), name="login_check"),
    path("rejects/<int:pk>/", views.RejectDetail.as_view(), name="reject_detail"),
]
