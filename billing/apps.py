from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import guards, wake, widgets
        from billing.accounting.widgets import TABS as ACCOUNTING
        from billing.ageing.widgets import AgeAnalysis
        from billing.calls.widgets import TAB as CALLS
        from billing.calls.widgets import PhoneNumbers, PhoneUsage
        from billing.changes import widgets as changes
        from billing.costing.widgets import TAB as COSTING
        from billing.data_sales.widgets import LineTopups, Topups
        from billing.debiting.finding import DEBITS
        from billing.debiting.widgets import DebitOrder
        from billing.documents.finding import DOCUMENTS
        from billing.documents.widgets import TAB
        from billing.payments.finding import PAYMENTS
        from ispbilling import search
        from ispbilling.core import registries

        for widget in (widgets.Billing, AgeAnalysis, widgets.Payments, DebitOrder, widgets.Recurring):
            registries.add_widget("customers:customer_detail", widget)
        registries.add_widget("customers:customer_detail", Topups)
        registries.add_widget("radius:data_account_detail", LineTopups)
        registries.add_widget("customers:customer_detail", changes.PackageChanges)
        registries.add_widget("radius:data_account_detail", changes.LinePackageChanges)
        registries.add_tab("billing:settings_edit", changes.TAB)
        for widget in (PhoneUsage, PhoneNumbers):
            registries.add_widget("customers:customer_detail", widget)
        registries.add_widget("radius:usage_detail", widgets.BillingSummary)
        registries.add_widget("radius:usage_detail", PhoneUsage)
        registries.add_tab("customers:customer_edit", TAB)
        registries.add_tab("billing:settings_edit", CALLS)
        registries.add_tab("customers:customer_edit", COSTING)
        for page, tab in ACCOUNTING:
            registries.add_tab(page, tab)
        search.register(DOCUMENTS)
        search.register(PAYMENTS)
        search.register(DEBITS)
        registries.add_guard("customer.delete.owing", guards.open_balance)
        registries.add_guard("customer.recode", guards.issued_paper)
        registries.add_guard("customer.unmark_master", guards.open_payer_invoices)
        registries.add_guard("package_change.schedule", guards.prepaid_by_then)
        for prefix in (
            "run.",
            "run_archive.",
            "bank_import.",
            "debit_result.",
            "call_import.",
            "phone_number.",
            "phonerate",
            "phonecostingmodel.",
            "callsettings.",
            "simulation.",
            "statement_mailing.",
            "verification.",
            "accounting_export.",
            "checkout.paid",
            "data_account.data_used_up",
        ):
            registries.add_wake_up(prefix, wake.on_event)
