"""/bundles/, /transfers/, /consents/, /regulation/, and what is chosen for a customer or a line."""

from django.urls import path

from radius.rolling import views

urlpatterns = [
    path("expiry/<int:pk>/", views.DataExpiryEdit.as_view(), name="data_expiry_edit"),
    path("notices/<int:pk>/", views.NoticesEdit.as_view(), name="notices_edit"),
    path("bundles/<int:pk>/transfer/", views.BundleTransfer.as_view(), name="bundle_transfer"),
    path("transfers/", views.TransferList.as_view(), name="transfer_list"),
    path("transfers/<int:pk>/undo/", views.TransferUndo.as_view(), name="transfer_undo"),
    path("consents/", views.ConsentList.as_view(), name="consent_list"),
    path("accounts/<int:pk>/consent/", views.ConsentAdd.as_view(), name="consent_add"),
    path("accounts/<int:pk>/consent/withdraw/", views.ConsentWithdraw.as_view(), name="consent_withdraw"),
    path("accounts/<int:pk>/recount/", views.MonthRecount.as_view(), name="month_recount"),
    path("regulation/", views.Compliance.as_view(), name="compliance"),
]
