"""/nas/."""

from django.urls import path

from radius.nas import views

urlpatterns = [
    path("nas/", views.NasList.as_view(), name="nas_list"),
    path("nas/add/", views.NasAdd.as_view(), name="nas_add"),
    path("nas/posture/", views.PostureList.as_view(), name="nas_posture"),
    path("nas/secret/", views.SecretGenerate.as_view(), name="secret_generate"),
    path("nas/<int:pk>/", views.NasDetail.as_view(), name="nas_detail"),
    path("nas/<int:pk>/forget-signing/", views.NasForgetSigning.as_view(), name="nas_forget_signing"),
    path("nas/<int:pk>/edit/", views.NasEdit.as_view(), name="nas_edit"),
]
