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
}
