from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "ispbilling.core"
    label = "core"
    verbose_name = "Kernel"
