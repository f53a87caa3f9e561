from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import wake
        from ispbilling.core import registries

        registries.add_wake_up("run.", wake.on_event)
