"""/services/../attributes/ and /accounts/../attributes/."""

from collections.abc import Iterator

from django.urls import URLPattern, path
from django.views import View

from radius.attributes import views


def _pages(
    under: str, noun: str, add: type[View], edit: type[View], delete: type[View]
) -> Iterator[URLPattern]:
    yield path(f"{under}/<int:pk>/attributes/add/", add.as_view(), name=f"{noun}_attribute_add")
    yield path(f"{under}/attributes/<int:pk>/edit/", edit.as_view(), name=f"{noun}_attribute_edit")
    yield path(f"{under}/attributes/<int:pk>/delete/", delete.as_view(), name=f"{noun}_attribute_delete")


urlpatterns = [
    *_pages(
        "services",
        "service",
        views.ServiceAttributeAdd,
        views.ServiceAttributeEdit,
        views.ServiceAttributeDelete,
    ),
    *_pages(
        "accounts",
        "data_account",
        views.DataAccountAttributeAdd,
        views.DataAccountAttributeEdit,
        views.DataAccountAttributeDelete,
    ),
]
