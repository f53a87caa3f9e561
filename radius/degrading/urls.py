"""/access/."""

from django.urls import path

from radius.degrading import views

urlpatterns = [
    path("access/", views.AccessActionList.as_view(), name="access_action_list"),
    path("access/<str:code>/edit/", views.AccessActionEdit.as_view(), name="access_action_edit"),
]
