"""/sessions/."""

from django.urls import path

from radius.usage import views

urlpatterns = [
    path("sessions/previous/", views.SessionHistory.as_view(), name="session_history"),
    path("sessions/<int:pk>/", views.SessionDetail.as_view(), name="session_detail"),
]
