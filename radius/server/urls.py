"""/rejects/."""

from django.urls import path

from radius.server import views

urlpatterns = [
    path("rejects/", views.RejectList.as_view(), name="reject_list"),
    path("rejects/<int:pk>/", views.RejectDetail.as_view(), name="reject_detail"),
]
