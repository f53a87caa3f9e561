"""/usage/ and /sessions/."""

from django.urls import path

from radius.usage import views

urlpatterns = [
    path("usage/", views.UsageList.as_view(), name="usage_list"),
    path("usage/customers/", views.CustomerUsageList.as_view(), name="customer_usage_list"),
    path("sessions/previous/", views.SessionHistory.as_view(), name="session_history"),
    path("sessions/<int:pk>/", views.SessionDetail.as_view(), name="session_detail"),
]
