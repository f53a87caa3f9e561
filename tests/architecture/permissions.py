"""Who may open which page: the oracle of test_permissions. A page without a row fails the suite.

The value is the permission that a staff member must hold; PORTAL is a page of the customers' door; OPEN needs
no log-in.
"""

PORTAL, OPEN = "portal", "open"

PAGES = {
    "search": "staff.use",
    "core:staff_list": "staff.manage",
    "core:staff_add": "staff.manage",
    "core:staff_edit": "staff.manage",
    "core:staff_disable": "staff.manage",
    "core:staff_enable": "staff.manage",
    "core:staff_link": "staff.manage",
    "core:provider_edit": "settings.edit",
    "core:event_list": "events.view",
    "notifications:message_list": "messages.view",
    "notifications:message_detail": "messages.view",
    "notifications:message_retry": "messages.send",
    "notifications:rule_list": "settings.view",
    "notifications:rule_switch": "settings.edit",
    "notifications:welcome_again": "customers.password",
    "portal:home": PORTAL,
    "portal:usage": PORTAL,
    "portal:document_list": PORTAL,
    "portal:document_detail": PORTAL,
    "portal:document_pdf": PORTAL,
    "portal:account": PORTAL,
    "portal:login": OPEN,
    "portal:forgot": OPEN,
    "portal:forgot_done": OPEN,
    "billing:document_list": "billing.documents.view",
    "billing:document_detail": "billing.documents.view",
    "billing:document_pdf": "billing.documents.view",
    "billing:document_credit": "billing.documents.credit",
    "billing:recurring_list": "billing.recurring.view",
    "billing:recurring_add": "billing.recurring.edit",
    "billing:recurring_edit": "billing.recurring.edit",
    "billing:recurring_end": "billing.recurring.edit",
    "billing:run_list": "billing.runs.view",
    "billing:run_add": "billing.runs.preview",
    "billing:run_detail": "billing.runs.view",
    "billing:run_progress": "billing.runs.view",
    "billing:run_approve": "billing.runs.approve",
    "billing:run_discard": "billing.runs.preview",
    "billing:run_again": "billing.runs.preview",
    "billing:run_undo": "billing.runs.undo",
    "billing:settings_edit": "billing.settings.edit",
    "billing:vat_list": "billing.settings.edit",
    "billing:vat_add": "billing.settings.edit",
}
