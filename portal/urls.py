"""The customers' pages, below /portal/."""

from django.urls import path

from portal.views import (
    account,
    answers,
    calls,
    data,
    documents,
    door,
    home,
    pay,
    payments,
    speed,
    statement,
    topup,
    usage,
)

app_name = "portal"

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("usage/", usage.Usage.as_view(), name="usage"),
    path("usage/speed/", speed.Speed.as_view(), name="speed"),
    path("usage/speed/data/", speed.SpeedData.as_view(), name="speed_data"),
    path("data/", data.Data.as_view(), name="data"),
    path("data/<int:pk>/give/", data.GiveData.as_view(), name="data_give"),
    path("data/<int:pk>/withdraw/", data.WithdrawConsent.as_view(), name="data_consent_withdraw"),
    path("invoices/", documents.Documents.as_view(), name="document_list"),
    path("invoices/<int:pk>/", documents.DocumentView.as_view(), name="document_detail"),
    path("invoices/<int:pk>/pdf/", documents.DocumentPdf.as_view(), name="document_pdf"),
    path("payments/", payments.Payments.as_view(), name="payment_list"),
    path("payments/<int:pk>/pdf/", payments.PaymentPdf.as_view(), name="payment_pdf"),
    path("calls/", calls.Calls.as_view(), name="calls"),
    path("statement/", statement.StatementView.as_view(), name="statement"),
    path("statement/pdf/", statement.StatementPdf.as_view(), name="statement_pdf"),
    path("pay/", pay.Pay.as_view(), name="pay"),
    path("pay/link/<str:token>/", pay.PayLink.as_view(), name="pay_link"),
    path("pay/<str:token>/", pay.PayCheckout.as_view(), name="pay_checkout"),
    path("pay/<str:token>/back/", pay.PayReturn.as_view(), name="pay_return"),
    path("pay/<str:token>/cancelled/", pay.PayCancelled.as_view(), name="pay_cancelled"),
    path("pay/<str:token>/again/", pay.PayAgain.as_view(), name="pay_again"),
    path("topup/", topup.Topups.as_view(), name="topup_list"),
    path("topup/<int:pk>/", topup.Topup.as_view(), name="topup"),
    path("topup/<int:pk>/automatic/", topup.Automatic.as_view(), name="topup_automatic"),
    path("topup/<int:pk>/automatic/off/", topup.AutomaticOff.as_view(), name="topup_automatic_off"),
    path("topup/<int:pk>/grace/", topup.Grace.as_view(), name="topup_grace"),
    path("topup/bought/<int:pk>/", topup.Bought.as_view(), name="topup_bought"),
    path("account/", account.Account.as_view(), name="account"),
    path("update/<str:token>/", answers.UpdateAnswer.as_view(), name="update_answer"),
    path("rate/<str:token>/", answers.RatingAnswer.as_view(), name="rating_answer"),
    path("thanks/", answers.Thanks.as_view(), name="answer_thanks"),
    path("login/", door.Login.as_view(), name="login"),
    path("forgot/", door.ForgotPassword.as_view(), name="forgot"),
    path("forgot/done/", door.ForgotPasswordDone.as_view(), name="forgot_done"),
]
