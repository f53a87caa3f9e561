from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from ispbilling.core.events import woken
        from notifications.wake import on_event

        def receive(sender: object, *, kind: str, **_: object) -> None:
            on_event(kind)

        woken.connect(receive, weak=False, dispatch_uid="notifications.wake")
