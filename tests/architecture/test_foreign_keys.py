"""Relations point down the chain of apps, never up (what import-linter cannot see)."""

from django.apps import apps

CHAIN = ["core", "groups", "customers", "radius", "billing", "notifications", "portal", "ispbilling"]


def test_every_relation_of_our_tables_points_to_the_same_or_a_lower_app() -> None:
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in CHAIN
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and getattr(field, "related_model", None)
        if field.related_model._meta.app_label in CHAIN
        if CHAIN.index(field.related_model._meta.app_label) > CHAIN.index(model._meta.app_label)
    ]
    assert upward == []
