"""Who and what the demonstration consists of. All names are invented or the guides' own examples."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ispbilling.core.units import GB

SECRET = "demonstration"  # noqa: S105 - of a NAS that only this machine can be
REALM = "demo.test"

PROVIDER = {
    "name": "Karoo Connect (demonstration)",
    "legal_name": "Karoo Connect Demonstration (Pty) Ltd",
    "registration_number": "2018/000000/07",
    "vat_number": "4000000000",
    "address": "1 Example Street\nPrince Albert\n6930",
    "phone": "+27 23 000 0000",
    "email": "billing@demo.test",
    "bank_details": "Example Bank\nBranch 000 000\nAccount 00 0000 0000",
    "invoice_note": "This is a demonstration; nothing is owed.",
}

# code, title, kbit/s down, kbit/s up
SERVICES = (
    ("DEMO-10-5", "10/5 Mb/s wireless", 10_000, 5_000),
    ("DEMO-20-10", "20/10 Mb/s wireless", 20_000, 10_000),
    ("DEMO-50-25", "50/25 Mb/s fibre", 50_000, 25_000),
    ("DEMO-100-50", "100/50 Mb/s fibre", 100_000, 50_000),
    ("DEMO-2-1", "2/1 Mb/s after the cap", 2_000, 1_000),
)

# title, service code, cap in octets, code of the service once capped (none: the cap is hard), price a month
PACKAGES = (
    ("10Mb/s Starter 100GB", "DEMO-10-5", 100 * GB, None, Decimal("399.00")),
    ("20Mb/s Family 500GB", "DEMO-20-10", 500 * GB, "DEMO-2-1", Decimal("599.00")),
    ("50Mb/s Uncapped", "DEMO-50-25", None, None, Decimal("899.00")),
    ("100Mb/s Business Uncapped", "DEMO-100-50", None, None, Decimal("1499.00")),
)

TOPUP_GROUP = "Home top-ups"

# title, octets, price, days (none: to the end of the month)
TOPUPS = (
    ("Top-up 5 GB", 5 * GB, Decimal("29.00"), None),
    ("Top-up 20 GB", 20 * GB, Decimal("99.00"), 30),
    ("Top-up 100 GB", 100 * GB, Decimal("399.00"), 60),
)

# title, price a period, months of it, GL code; companies have the first
PRODUCTS = (
    ("Static IP address", Decimal("50.00"), 1, "4020"),
    ("Domain name and mail", Decimal("480.00"), 12, "4030"),
)

GROUPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Home users", "People at home", {"auto_data_rollover": True}),
    ("Business customers", "Companies, 30 days to pay", {"due_days": 30}),
    ("VIP", "Look after these first", {"vip": True, "suspensions_disabled": True}),
)
BILLING_GROUPS = (("Netcash Run 1", 1), ("Netcash Run 2", 25))
CATEGORIES = (("Ad-hoc", "blue"), ("Topup", "green"), ("Rollover", "orange"))
HIGH_SITES = (("Swartberg", "-33.330000", "22.030000"), ("Prince Albert town", "-33.225000", "22.030000"))


@dataclass(frozen=True, slots=True)
class Somebody:
    """A customer: name, company or not, group, package (by number), GB a day, street."""

    name: str
    company: bool
    group: int
    package: int
    daily: float
    street: str


PEOPLE = (
    Somebody("Alice Liddell", False, 0, 1, 9.5, "3 Church Street"),
    Somebody("Frikkie Visser", False, 0, 0, 2.1, "17 Church Street"),
    Somebody("Tannie Poeke Smit", False, 0, 0, 0.8, "2 Nieuwe Street"),
    Somebody("Dr. K Retief", False, 2, 2, 14.0, "9 De Beer Street"),
    Somebody("Piet Slabbert", False, 0, 1, 6.2, "21 Mark Street"),
    Somebody("G Joubert", False, 0, 1, 11.3, "5 Luttig Street"),
    Somebody("Jennifer du Plessis", False, 0, 2, 21.7, "40 Church Street"),
    Somebody("Grammy Norma", False, 0, 0, 0.4, "8 Jacobs Street"),
    Somebody("Sipho Dlamini", False, 0, 1, 7.9, "12 Pastorie Street"),
    Somebody("Thandi Nkosi", False, 0, 2, 18.2, "33 Church Street"),
    Somebody("Ayesha Patel", False, 0, 1, 5.5, "6 Bank Street"),
    Somebody("Johan van Wyk", False, 0, 0, 3.0, "14 Nieuwe Street"),
    Somebody("Lerato Mokoena", False, 0, 1, 12.6, "27 Mark Street"),
    Somebody("Nomsa Khumalo", False, 0, 0, 1.7, "19 De Beer Street"),
    Somebody("Élodie Fourie", False, 0, 1, 4.4, "1 Luttig Street"),
    Somebody("Mary-Anne Botha", False, 2, 2, 16.8, "11 Jacobs Street"),
    Somebody("2D Consulting", True, 1, 3, 35.0, "52 Church Street"),
    Somebody("I @ U Consulting", True, 1, 2, 12.4, "54 Church Street"),
    Somebody("Wonderland (Pty) Ltd", True, 1, 3, 41.9, "1 Meirings Road"),
    Somebody("M & J Plumbing", True, 1, 1, 3.8, "7 Mark Street"),
    Somebody("Olive Press Guest House", True, 1, 3, 55.2, "60 Church Street"),
    Somebody("Prince Albert Pharmacy", True, 1, 2, 8.1, "30 Church Street"),
    Somebody("Karoo Veterinary Clinic", True, 1, 1, 4.9, "4 Stasie Street"),
    Somebody("Swartberg Lodge", True, 1, 3, 62.5, "Farm Kredouw"),
)

NOTES = (
    "Speak to the manager about anything that costs money; the front desk may report faults.",
    "Prefers to be called after five. The mast is behind the workshop; the dog is friendly.",
)

# Who of PEOPLE, by number, has something the matter on the network.
ONLINE_TWICE, SILENT, CLOSED_FOR_SILENCE, BLOCKED, LOCKED, SUSPENDED, LEAVING = 1, 3, 9, 5, 6, 11, 13


#: Number of PEOPLE, the new package, whether from today on, and the comment.
CHANGES = (
    (2, "20Mb/s Family 500GB", True, "Her grandchildren visit"),
    (12, "50Mb/s Uncapped", False, "Asked by telephone; fibre is in the street since October"),
    (14, "10Mb/s Starter 100GB", False, "Finds it too dear"),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """Log-ins that are kept: whose or with which username, how often and how many minutes apart, until just now."""

    who: int | None
    times: int
    minutes: int
    username: str = ""
    right: bool = True
    method: str = "CHAP"
    device: str = ""


ASKING = (
    Asking(12, 9, 6, right=False, method="PAP"),
    Asking(SUSPENDED, 7, 20),
    Asking(LOCKED, 3, 2, device="02:00:00:FF:00:99"),
    Asking(None, 5, 11, username="ali-001@demo.test", right=False, device="02:00:00:FF:00:41"),
    Asking(None, 4, 50, username="poe001", right=False, method="MS-CHAPv2", device="02:00:00:FF:00:42"),
    Asking(None, 2, 400, username="ADMIN", right=False, method="PAP", device="02:00:00:FF:00:43"),
    Asking(0, 2, 700),
    Asking(16, 1, 0, method="MS-CHAPv2"),
)

# Whose session, what was sent, why (a code, or that staff asked), and the answer: None for none, 0 for yes, else
# the Error-Cause (RFC 5176 section 3.5).
SENT = (
    (SUSPENDED, "disconnect", "SUSPENDED", None),
    (4, "coa", "SETTINGS_CHANGED", 501),
    (14, "coa", "SETTINGS_CHANGED", None),
    (7, "coa", "SETTINGS_CHANGED", 0),
    (10, "disconnect", "ASKED", 504),
)

# Addresses of the documentation (RFC 5737): packets, hours since the last.
STRANGERS = (("198.51.100.23", 4180, 1), ("203.0.113.9", 37, 30), ("192.0.2.77", 2, 5))
