"""/sessions/: who is online, what is wrong with it, and what staff do about it."""

from django.urls import path

from radius.coa import views

urlpatterns = [
    path("sessions/", views.ActiveSessions.as_view(), name="session_list"),
    path("sessions/problems/", views.ProblemSessions.as_view(), name="session_problems"),
    path("sessions/disconnect/", views.BulkDisconnect.as_view(), name="session_disconnect_bulk"),
    path("sessions/apply/", views.BulkApplySettings.as_view(), name="session_apply_bulk"),
    path("sessions/<int:pk>/disconnect/", views.Disconnect.as_view(), name="session_disconnect"),
    path("sessions/<int:pk>/apply/", views.ApplySettings.as_view(), name="session_apply"),
]
