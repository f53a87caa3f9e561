"""Staff pages about messages."""

from django.urls import include, path

from notifications import views

app_name = "notifications"

# /messages/
message_urls = [
    path("", views.MessageList.as_view(), name="message_list"),
    path("<int:pk>/", views.MessageDetail.as_view(), name="message_detail"),
    path("<int:pk>/retry/", views.MessageRetry.as_view(), name="message_retry"),
    path("rules/", views.RuleList.as_view(), name="rule_list"),
    path("rules/<slug:kind>/<slug:channel>/", views.RuleSwitch.as_view(), name="rule_switch"),
]
# /customers/<pk>/: acts on a customer that end in a mail
customer_urls = [
    path("welcome/", views.WelcomeAgain.as_view(), name="welcome_again"),
    path("usage/email/", views.UsageEmail.as_view(), name="usage_email"),
    path("usage/sms/", views.UsageSms.as_view(), name="usage_sms"),
]

urlpatterns = [
    path("messages/", include(message_urls)),
    path("customers/<int:pk>/", include(customer_urls)),
]
