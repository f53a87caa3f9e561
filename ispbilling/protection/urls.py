"""Data protection, below /customers/<pk>/protection/ and /customers/exports/<pk>/."""

from django.urls import path

from ispbilling.protection import views

app_name = "protection"

urlpatterns = [
    path("<int:pk>/protection/", views.Protection.as_view(), name="subject"),
    path("<int:pk>/protection/export/", views.ExportAdd.as_view(), name="export_add"),
    path("<int:pk>/protection/erase/", views.Erase.as_view(), name="erase"),
    path("exports/<int:pk>/", views.ExportDownload.as_view(), name="export_download"),
]
