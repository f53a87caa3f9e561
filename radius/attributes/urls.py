"""/services/../attributes/ and /accounts/../attributes/."""

from django.urls import path

from radius.attributes import views

urlpatterns = [
    path(
        "services/<int:pk>/attributes/add/", views.ServiceAttributeAdd.as_view(), name="service_attribute_add"
    ),
    path(
        "services/attributes/<int:pk>/edit/",
        views.ServiceAttributeEdit.as_view(),
        name="service_attribute_edit",
    ),
    path(
        "services/attributes/<int:pk>/delete/",
        views.ServiceAttributeDelete.as_view(),
        name="service_attribute_delete",
    ),
    path(
        "accounts/<int:pk>/attributes/add/",
        views.DataAccountAttributeAdd.as_view(),
        name="data_account_attribute_add",
    ),
    path(
        "accounts/attributes/<int:pk>/edit/",
        views.DataAccountAttributeEdit.as_view(),
        name="data_account_attribute_edit",
    ),
    path(
        "accounts/attributes/<int:pk>/delete/",
        views.DataAccountAttributeDelete.as_view(),
        name="data_account_attribute_delete",
    ),
]
