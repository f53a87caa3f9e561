from django.apps import AppConfig


class IspbillingConfig(AppConfig):
    name = "ispbilling"
    label = "ispbilling"

    def ready(self) -> None:
        from ispbilling import checks  # noqa: F401 - registers the system checks
