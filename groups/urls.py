"""What customers are sorted by, under /groups/."""

from django.urls import path

from groups import views

app_name = "groups"

urlpatterns = [
    path("", views.GroupList.as_view(), name="group_list"),
    path("add/", views.GroupAdd.as_view(), name="group_add"),
    path("<int:pk>/edit/", views.GroupEdit.as_view(), name="group_edit"),
    path("billing/", views.BillingGroupList.as_view(), name="billing_group_list"),
    path("billing/add/", views.BillingGroupAdd.as_view(), name="billing_group_add"),
    path("billing/<int:pk>/edit/", views.BillingGroupEdit.as_view(), name="billing_group_edit"),
    path("billing/<int:pk>/delete/", views.BillingGroupDelete.as_view(), name="billing_group_delete"),
    path("categories/", views.CategoryList.as_view(), name="category_list"),
    path("categories/add/", views.CategoryAdd.as_view(), name="category_add"),
    path("categories/<int:pk>/edit/", views.CategoryEdit.as_view(), name="category_edit"),
    path("categories/<int:pk>/delete/", views.CategoryDelete.as_view(), name="category_delete"),
    path("labels/", views.LabelList.as_view(), name="label_list"),
    path("labels/add/", views.LabelAdd.as_view(), name="label_add"),
    path("labels/<int:pk>/edit/", views.LabelEdit.as_view(), name="label_edit"),
    path("labels/<int:pk>/delete/", views.LabelDelete.as_view(), name="label_delete"),
    path("high-sites/", views.HighSiteList.as_view(), name="high_site_list"),
    path("high-sites/add/", views.HighSiteAdd.as_view(), name="high_site_add"),
    path("high-sites/<int:pk>/edit/", views.HighSiteEdit.as_view(), name="high_site_edit"),
    path("high-sites/<int:pk>/delete/", views.HighSiteDelete.as_view(), name="high_site_delete"),
    path("deleted/", views.RemovalList.as_view(), name="removal_list"),
    path("deleted/<int:pk>/undo/", views.RemovalUndo.as_view(), name="removal_undo"),
]
