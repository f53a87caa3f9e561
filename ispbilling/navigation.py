"""The staff menu, declared once, and what the frame of every page needs.

An entry is shown when the user may use it and its page exists: what is not built is not shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from ispbilling import search
from ispbilling.core import access
from ispbilling.core.models import Provider


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: its words, the URL name, the permission and the icon."""

    label: str
    url_name: str
    permission: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A group of entries, as the staff know them (NAV-1, NAV-2)."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry that may be used, with its address."""

    label: str
    url: str
    icon: str
    active: bool


MENU = (
    Section("", (Item("Dashboard", "dashboard", "staff.use", "layout-dashboard"),)),
    Section(
        "Customers",
        (
            Item("Add a Customer", "customers:customer_add", "customers.add", "user-plus"),
            Item("List Customers", "customers:customer_list", "customers.view", "users"),
            Item("Edit Customer", "customers:customer_choose", "customers.edit", "user-edit"),
            Item("Import Customers", "customers:import_list", "customers.import", "file-import"),
            Item("Merge Customers", "merging:merge_start", "customers.merge", "arrows-join"),
            Item("Customer Groups", "groups:group_list", "groups.view", "folders"),
            Item("Update Requests", "customers:change_request_list", "customers.requests", "user-edit"),
            Item("Ratings", "customers:rating_list", "customers.requests", "star"),
            Item("Total Usage List", "radius:usage_list", "radius.usage.view", "chart-bar"),
        ),
    ),
    Section(
        "Data",
        (
            Item("Data Accounts", "radius:data_account_list", "radius.accounts.view", "plug-connected"),
            Item("Package Changes", "billing:package_change_list", "radius.accounts.view", "switch-3"),
            Item("Packages", "radius:package_list", "radius.catalogue.view", "package"),
            Item("Services", "radius:service_list", "radius.catalogue.view", "gauge"),
            Item("Top-ups", "radius:topup_list", "radius.catalogue.view", "database-plus"),
            Item("Bundles", "radius:bundle_list", "radius.accounts.view", "database"),
            Item("Data Transfers", "radius:transfer_list", "radius.usage.view", "arrows-right-left"),
            Item("Access When Closed", "radius:access_action_list", "radius.catalogue.view", "door"),
            Item("Active Sessions", "radius:session_list", "radius.sessions.view", "activity"),
            Item("Previous Sessions", "radius:session_history", "radius.sessions.view", "history"),
            Item("Problem Sessions", "radius:session_problems", "radius.sessions.view", "alert-triangle"),
            Item("Problem Packets", "radius:quarantine_list", "radius.sessions.view", "package-off"),
            Item("Rejects", "radius:reject_list", "radius.sessions.view", "ban"),
            Item("Speed Tests", "radius:speed_test_list", "radius.usage.view", "gauge"),
            Item("Connection Check", "radius:login_check", "radius.sessions.view", "help-circle"),
            Item("IP Lookup", "radius:ip_lookup", "radius.sessions.trace", "user-search"),
            Item("NAS", "radius:nas_list", "radius.nas.view", "router"),
            Item("Data Regulation", "radius:compliance", "radius.compliance.view", "gavel"),
        ),
    ),
    Section(
        "Billing",
        (
            Item("Overview", "billing:overview", "billing.documents.view", "chart-bar"),
            Item("Recurring", "billing:recurring_list", "billing.recurring.view", "repeat"),
            Item("Products", "billing:product_list", "billing.recurring.view", "package"),
            Item("Top-up Sales", "billing:topup_sale_list", "billing.data_sales.view", "database-plus"),
            Item("Month End", "billing:run_list", "billing.runs.view", "calendar-dollar"),
            Item("Simulator", "billing:simulator", "billing.runs.view", "calculator"),
            Item("Documents", "billing:document_list", "billing.documents.view", "file-invoice"),
            Item("Draft Invoices", "billing:draft_list", "billing.documents.draft", "file-pencil"),
            Item("Payments", "billing:payment_list", "billing.payments.view", "cash"),
            Item("Online Payments", "billing:checkout_list", "billing.payments.view", "credit-card"),
            Item("Bank Statements", "billing:bank_import_list", "billing.payments.view", "building-bank"),
            Item("Debit Orders", "billing:debit_batch_list", "billing.debits.view", "credit-card-pay"),
            Item("Age Analysis", "billing:age_list", "billing.ageing.view", "scale"),
            Item("Statements", "billing:mailing_list", "billing.statements.view", "file-text"),
            Item("Trial Balance", "billing:trial_balance", "billing.trial.view", "list-numbers"),
            Item("Accounting", "billing:accounting_list", "billing.accounting.view", "file-export"),
            Item("Proof", "billing:ledger_proof", "billing.trial.view", "shield-check"),
        ),
    ),
    Section(
        "VoIP",
        (
            Item("Calls", "billing:call_list", "billing.calls.view", "phone"),
            Item("Unknown Callers", "billing:caller_list", "billing.calls.view", "phone-x"),
            Item("Calls Without a Rate", "billing:unrated_list", "billing.calls.view", "phone-off"),
            Item("Files of Calls", "billing:call_import_list", "billing.calls.view", "file-import"),
            Item("Phone Numbers", "billing:phone_number_list", "billing.calls.view", "address-book"),
            Item("Phone Costing Models", "billing:phone_costing_list", "billing.settings.edit", "tags"),
        ),
    ),
    Section(
        "High Sites",
        (Item("High Sites", "groups:high_site_list", "groups.view", "building-broadcast-tower"),),
    ),
    Section("Messages", (Item("Outbox", "notifications:message_list", "messages.view", "send"),)),
    Section(
        "Settings",
        (
            Item("Provider", "core:provider_edit", "settings.edit", "building"),
            Item("Billing Settings", "billing:settings_edit", "billing.settings.edit", "adjustments"),
            Item(
                "Debit Order Settings",
                "billing:debit_settings_edit",
                "billing.settings.edit",
                "writing-sign",
            ),
            Item("Staff", "core:staff_list", "staff.manage", "id-badge-2"),
            Item("Events", "core:event_list", "events.view", "history"),
        ),
    ),
)


def menu_for(user: Any, path: str) -> list[tuple[str, list[Link]]]:
    """The entries this user may use, by section; the one nearest above `path` is active."""
    found = [
        (
            section.label,
            [
                (item, url)
                for item in section.items
                if (url := _address(item)) and access.may(user, item.permission)
            ],
        )
        for section in MENU
    ]
    matching = [
        url for _, items in found for _, url in items if path == url or (url != "/" and path.startswith(url))
    ]
    nearest = max(matching, key=len, default="")
    return [
        (label, [Link(item.label, url, item.icon, url == nearest) for item, url in items])
        for label, items in found
        if items
    ]


def _address(item: Item) -> str | None:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return None


def context(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """Context processor: the menu, the provider and the search, asked only by templates that show them."""
    return {
        "menu": lambda: menu_for(request.user, request.path) if hasattr(request, "user") else [],
        "provider": cache(Provider.get),
        "may_pick_customer": lambda: search.available("customers", request.user),
        "frame": lambda: "base.html" if _framed(request) else "account/door.html",
        "framed": lambda: _framed(request),
    }


def _framed(request: HttpRequest) -> bool:
    """Whether a page for everybody (not found, not allowed) stands inside the staff frame."""
    return hasattr(request, "user") and access.is_staff(request.user)
