from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from ispbilling.core import registries
        from notifications.wake import on_event
        from notifications.widgets import Messages

        registries.add_wake_up("", on_event)
        registries.add_widget("customers:customer_detail", Messages)
