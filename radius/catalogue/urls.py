"""/services/ and /packages/."""

from django.urls import path

from radius.catalogue import views

urlpatterns = [
    path("services/", views.ServiceList.as_view(), name="service_list"),
    path("services/add/", views.ServiceAdd.as_view(), name="service_add"),
    path("services/<int:pk>/", views.ServiceDetail.as_view(), name="service_detail"),
    path("services/<int:pk>/edit/", views.ServiceEdit.as_view(), name="service_edit"),
    path("services/<int:pk>/clone/", views.ServiceClone.as_view(), name="service_clone"),
    path("services/<int:pk>/delete/", views.ServiceDelete.as_view(), name="service_delete"),
    path("packages/", views.PackageList.as_view(), name="package_list"),
    path("packages/add/", views.PackageAdd.as_view(), name="package_add"),
    path("packages/<int:pk>/", views.PackageDetail.as_view(), name="package_detail"),
    path("packages/<int:pk>/edit/", views.PackageEdit.as_view(), name="package_edit"),
    path("packages/<int:pk>/clone/", views.PackageClone.as_view(), name="package_clone"),
    path("packages/<int:pk>/delete/", views.PackageDelete.as_view(), name="package_delete"),
    path("packages/<int:pk>/deactivate/", views.PackageDeactivate.as_view(), name="package_deactivate"),
    path("packages/<int:pk>/activate/", views.PackageActivate.as_view(), name="package_activate"),
]
