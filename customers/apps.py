"""The app: its widgets on the profile and what the global search finds."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"

    def ready(self) -> None:
        from customers.accounts.accounting.widgets import TABS as ACCOUNTING
        from customers.files.widgets import Attachments
        from customers.imports import work
        from customers.merging.models import why_not_undelete
        from customers.notes.widgets import Notes
        from customers.preferences.widgets import TABS
        from customers.profile import widgets
        from customers.protection.guards import was_erased
        from customers.relations import widgets as relations
        from customers.requests.widgets import Ratings, UpdateRequests
        from customers.search import CUSTOMERS
        from customers.verification.verifying import proves
        from customers.verification.widgets import VerificationState
        from ispbilling import search
        from ispbilling.core import registries

        for widget in (
            widgets.AccountDetails,
            widgets.Contacts,
            relations.SubAccounts,
            relations.ResoldCustomers,
            widgets.SuspensionDetails,
            widgets.Timeline,
        ):
            registries.add_widget("customers:customer_detail", widget)
        for tab in ACCOUNTING:
            registries.add_tab("customers:customer_edit", tab)
        for tab in TABS:
            registries.add_tab("core:provider_edit", tab)
        for widget in (Notes, Attachments, VerificationState, UpdateRequests, Ratings):
            registries.add_widget("customers:customer_detail", widget)
        registries.add_guard("customer.undelete", was_erased)
        registries.add_guard("attachment.remove", proves)
        registries.add_widget("customers:customer_detail", Notes)
        registries.add_wake_up("import.", work.on_event)
        registries.add_guard("customer.undelete", why_not_undelete)
        search.register(CUSTOMERS)
