"""Merge Customers, under /customers/merge/: a page about customers that needs all that belongs to them."""

from django.urls import path

from billing.merging import views

app_name = "merging"

urlpatterns = [
    path("", views.MergeStart.as_view(), name="merge_start"),
    path("done/", views.MergeList.as_view(), name="merge_list"),
    path("done/<int:pk>/undo/", views.MergeUndo.as_view(), name="merge_undo"),
    path("<int:survivor>/<int:loser>/", views.MergePreview.as_view(), name="merge_preview"),
]
