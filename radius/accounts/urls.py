"""/accounts/."""

from django.urls import path

from radius.accounts import views

urlpatterns = [
    path("accounts/", views.DataAccountList.as_view(), name="data_account_list"),
    path("accounts/add/<int:customer>/", views.DataAccountAdd.as_view(), name="data_account_add"),
    path("accounts/<int:pk>/", views.DataAccountDetail.as_view(), name="data_account_detail"),
    path("accounts/<int:pk>/edit/", views.DataAccountEdit.as_view(), name="data_account_edit"),
    path(
        "accounts/<int:pk>/block/again/",
        views.DataAccountBlockAgain.as_view(),
        name="data_account_block_again",
    ),
    path("accounts/<int:pk>/block/", views.DataAccountBlock.as_view(), name="data_account_block"),
    path("accounts/<int:pk>/unblock/", views.DataAccountUnblock.as_view(), name="data_account_unblock"),
    path("accounts/<int:pk>/end/", views.DataAccountEnd.as_view(), name="data_account_end"),
    path("accounts/<int:pk>/password/", views.DataAccountSecret.as_view(), name="data_account_secret"),
    path("accounts/<int:pk>/show-password/", views.DataAccountReveal.as_view(), name="data_account_reveal"),
]
