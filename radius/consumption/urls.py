"""/usage/."""

from django.urls import path

from radius.consumption import views

urlpatterns = [
    path("usage/", views.UsageList.as_view(), name="usage_list"),
    path("usage/customers/", views.CustomerUsageList.as_view(), name="customer_usage_list"),
    path("usage/choose/", views.UsageChoose.as_view(), name="usage_choose"),
    path("usage/customers/<int:pk>/", views.CustomerUsage.as_view(), name="usage_detail"),
    path("usage/customers/<int:pk>/parts/", views.UsageParts.as_view(), name="usage_parts"),
    path("usage/lines/<int:pk>/", views.UsageExplained.as_view(), name="usage_explained"),
]
