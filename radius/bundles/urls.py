"""/bundles/."""

from django.urls import path

from radius.bundles import views

urlpatterns = [
    path("bundles/", views.BundleList.as_view(), name="bundle_list"),
    path("bundles/<int:pk>/", views.BundleDetail.as_view(), name="bundle_detail"),
    path("bundles/<int:pk>/take-back/", views.BundleVoid.as_view(), name="bundle_void"),
    path("bundles/<int:pk>/give-again/", views.BundleRestore.as_view(), name="bundle_restore"),
]
