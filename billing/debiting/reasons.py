"""Why banks do not pay: the codes of unpaid debit orders.

Source: Netcash, "Unpaid Transaction Codes" (api.netcash.co.za, value-added services), which lists what the account
holder's bank reports, with the words of the EF70 schedule of unpaids. All but 02 want a new mandate.
"""

import re

#: code -> what it means.
REASONS = {
    "02": "Not provided for",
    "03": "Debits not allowed to this account",
    "04": "Payment stopped by the account holder",
    "06": "Account frozen",
    "08": "Account in sequestration",
    "10": "Account in liquidation",
    "12": "Account closed",
    "14": "Account transferred within the bank",
    "16": "Account transferred to another bank",
    "18": "Account holder deceased",
    "22": "Account effects not cleared",
    "26": "No such account",
    "28": "Recall or withdrawal",
    "30": "No authority to debit",
    "32": "Debit in contravention of payer's authority",
    "34": "Authorisation cancelled",
    "36": "Previously stopped via stop payment advice",
    "50": "Account number invalid",
    "51": "Bank recall",
    "56": "Not FICA compliant",
    "60": "Consecutive unpaid rejection",
    "145": "Account failed final validation",
}
#: After these the same account may be asked again.
_PASSING = frozenset({"02", "22", "51"})
_NAMED = re.compile(r"\b(?:code|reason|rc|unpaid)\b\s*[:#-]?\s*0*([0-9]{1,3})\b", re.IGNORECASE)
_BARE = re.compile(r"(?:^|[\s(\[:;,|/-])([0-9]{2,3})(?=$|[\s)\]:;,|/-])")


def tidy(code: str) -> str:
    """`2`, `002` and `02` are one code."""
    digits = code.strip().lstrip("0")
    return digits.zfill(2) if digits.isdigit() else ""


def words(code: str) -> str:
    """What the code means; empty for an unknown one."""
    return REASONS.get(tidy(code), "")


def is_final(code: str) -> bool:
    """Whether the mandate cannot be used again after this code."""
    return tidy(code) in REASONS.keys() - _PASSING


def find(text: str) -> str:
    """The code in a bank's description: named as such, else by its words, else a number that is one; "" if none."""
    if named := _NAMED.search(text):
        return tidy(named[1])
    said = text.lower()
    for code, meaning in REASONS.items():
        if meaning.lower() in said:
            return code
    return next((tidy(one) for one in _BARE.findall(text) if tidy(one) in REASONS), "")
