"""/topups/."""

from django.urls import path

from radius.topups import views

urlpatterns = [
    path("topups/", views.TypeList.as_view(), name="topup_list"),
    path("topups/add/", views.TypeAdd.as_view(), name="topup_add"),
    path("topups/<int:pk>/edit/", views.TypeEdit.as_view(), name="topup_edit"),
    path("topups/<int:pk>/clone/", views.TypeClone.as_view(), name="topup_clone"),
    path("topups/<int:pk>/deactivate/", views.TypeDeactivate.as_view(), name="topup_deactivate"),
    path("topups/<int:pk>/activate/", views.TypeActivate.as_view(), name="topup_activate"),
    path("topups/<int:pk>/delete/", views.TypeDelete.as_view(), name="topup_delete"),
    path("topups/groups/", views.GroupList.as_view(), name="topup_group_list"),
    path("topups/groups/add/", views.GroupAdd.as_view(), name="topup_group_add"),
    path("topups/groups/<int:pk>/edit/", views.GroupEdit.as_view(), name="topup_group_edit"),
    path("topups/groups/<int:pk>/delete/", views.GroupDelete.as_view(), name="topup_group_delete"),
]
