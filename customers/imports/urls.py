"""Pages under /customers/imports/; included by the app's urls, whose names they share."""

from django.urls import include, path

from customers.imports import views

# /customers/imports/<pk>/
import_urls = [
    path("", views.ImportDetail.as_view(), name="import_detail"),
    path("columns/", views.ImportColumns.as_view(), name="import_columns"),
    path("progress/", views.ImportProgress.as_view(), name="import_progress"),
    path("bad/", views.ImportBad.as_view(), name="import_download"),
    path("start/", views.ImportStart.as_view(), name="import_start"),
    path("undo/", views.ImportUndo.as_view(), name="import_undo"),
    path("discard/", views.ImportDiscard.as_view(), name="import_discard"),
]

urlpatterns = [
    path("", views.ImportList.as_view(), name="import_list"),
    path("add/", views.ImportAdd.as_view(), name="import_add"),
    path("sample/", views.ImportSample.as_view(), name="import_sample"),
    path("<int:pk>/", include(import_urls)),
]
