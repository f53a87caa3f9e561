"""What a row of a file means: a new customer, changes to one that is there, nothing, or why it cannot be.

Pure. The check and the import ask the same function, so that what was shown is what is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from customers.accounts import codes, positions
from customers.accounts.models import CustomerType
from customers.accounts.onboarding import usual_username
from customers.imports.facts import Existing, Facts
from customers.imports.fields import BY_NAME, TITLED, Value
from customers.imports.mapping import Parsed, Problem
from customers.imports.models import Action

Changes = dict[str, list[Value]]
#: How a customer stands to others is not changed by a file (relations.linking asks more than a row can say).
LINKS = ("is_master", "master", "is_reseller", "reseller")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person chose for the whole file."""

    create_titles: bool
    all_new: bool
    #: field -> the heading of its (first) column.
    headings: Mapping[str, str]
    #: Titles in front of names that account codes leave out.
    dropped: frozenset[str] = frozenset()

    def stem(self, values: Mapping[str, Value]) -> str | None:
        """What the account code of a new customer begins with; None for a name that gives none."""
        company = values.get("type") == CustomerType.COMPANY
        return codes.stem(str(values.get("name", "")), company=company, titles=self.dropped)

    def problem(self, name: str, value: object, reason: str) -> Problem:
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        return Problem(self.headings.get(name, ""), shown, reason)


@dataclass(slots=True)
class Seen:
    """The rows of the file that had an external ID, a code or a username first."""

    first: dict[tuple[str, str], int] = field(default_factory=dict)

    def before(self, name: str, value: str, number: int) -> int | None:
        """The row that had it before; None for the first, which is noted."""
        earlier = self.first.setdefault((name, value.casefold()), number)
        return earlier if earlier != number else None


@dataclass(slots=True)
class Decision:
    """What becomes of a row. `values` are complete for a new customer; `changes` are field: [old, new]."""

    number: int
    action: Action
    values: dict[str, Value]
    changes: Changes = field(default_factory=dict)
    customer_id: int | None = None
    title: str = ""
    problems: list[Problem] = field(default_factory=list)


def decide(row: Parsed, facts: Facts, rules: Rules, seen: Seen) -> Decision:
    """Decide about one row."""
    problems = list(row.problems)
    problems += _twice(row, rules, seen)
    existing = _match(row, facts, rules, problems)
    values = _settled(row.values if existing else {**row.fallback, **row.values})
    decision = Decision(row.number, Action.BAD, values, problems=problems)
    decision.title = " ".join(filter(None, (str(values.get("code", "")), str(values.get("name", "")))))
    _check_titles(values, facts, rules, problems)
    if ("latitude" in values) != ("longitude" in values) and not row.unread & {"latitude", "longitude"}:
        problems.append(
            rules.problem("longitude", "", "A position needs latitude and longitude, or neither.")
        )
    if existing is not None:
        decision.customer_id = existing.pk
        decision.title = f"{existing.code} {existing.values['name']}"
        decision.changes = _changes(values, existing, facts, rules, problems)
        decision.action = Action.UPDATE if decision.changes else Action.SAME
    else:
        _check_new(row, values, facts, rules, seen, problems)
        decision.action = Action.CREATE
    if problems:
        decision.action = Action.BAD
    return decision


def _twice(row: Parsed, rules: Rules, seen: Seen) -> list[Problem]:
    """Two rows for one customer: which of them would be right?"""
    found = []
    for name in ("external_id", "code", "username"):
        value = str(row.values.get(name, ""))
        earlier = seen.before(name, value, row.number) if value else None
        if earlier:
            found.append(
                rules.problem(
                    name, value, f"{BY_NAME[name].label} is also in row {earlier:,}; keep one of them."
                )
            )
    return found


def _match(row: Parsed, facts: Facts, rules: Rules, problems: list[Problem]) -> Existing | None:
    """The customer the row is about, by external ID, else by account code."""
    external, code = str(row.values.get("external_id", "")), str(row.values.get("code", ""))
    by_external = facts.by_external.get(external) if external else None
    by_code = facts.by_code.get(code) if code else None
    found = by_external or by_code
    if found is None:
        return None
    if by_external and code and code != by_external.code:
        problems.append(
            rules.problem(
                "code", code,
                f"The customer with external ID {external} is {by_external.code}. Account codes are changed on"
                " the customer's own page.",
            )
        )  # fmt: skip
    elif not by_external and external and found.values["external_id"]:
        problems.append(
            rules.problem(
                "code", code,
                f"{code} is the customer with external ID {found.values['external_id']}, not {external}.",
            )
        )  # fmt: skip
    elif found.merged_into:
        problems.append(
            rules.problem("code" if by_code else "external_id", code or external,
                          f"{found.code} was merged into {found.merged_into}; leave the row out.")
        )  # fmt: skip
    elif found.deleted:
        problems.append(
            rules.problem("code" if by_code else "external_id", code or external,
                          f"{found.code} is deleted; undelete it first, or leave the row out.")
        )  # fmt: skip
    elif rules.all_new:
        problems.append(
            rules.problem("code" if by_code else "external_id", code or external,
                          f"{found.code} is a customer already, and every row was to be a new one.")
        )  # fmt: skip
    return found


def _settled(values: Mapping[str, Value]) -> dict[str, Value]:
    """Company name and name as the customer's columns have them; a position typed as the address (D-5)."""
    settled = dict(values)
    company = settled.pop("company_name", None)
    if company:
        if "name" in settled:
            settled.setdefault("contact_name", settled["name"])
        settled["name"] = company
        settled.setdefault("type", CustomerType.COMPANY.value)
    position = positions.parse(str(settled.get("physical_address", "")))
    if position and not {"latitude", "longitude"} & set(settled):
        settled["latitude"], settled["longitude"] = map(str, position)
    return settled


def _check_titles(values: Mapping[str, Value], facts: Facts, rules: Rules, problems: list[Problem]) -> None:
    if rules.create_titles:
        return
    for name, what in TITLED.items():
        for title in facts.titles.unknown(name, values[name]) if name in values else ():
            problems.append(
                rules.problem(
                    name, title,
                    f"There is no {what} {title}. Correct it, add it first, or tick to have missing ones added.",
                )
            )  # fmt: skip


def _check_new(
    row: Parsed,
    values: dict[str, Value],
    facts: Facts,
    rules: Rules,
    seen: Seen,
    problems: list[Problem],
) -> None:
    """What a new customer needs besides."""
    name, code = str(values.get("name", "")), str(values.get("code", ""))
    if not name and not row.unread & {"name", "company_name"}:
        problems.append(rules.problem("name", "", "The name is missing."))
    elif name and not code and rules.stem(values) is None:
        problems.append(
            rules.problem(
                "name", name, "The name has no letters or digits to make an account code of; give a code."
            )
        )
    if "group" not in values and "group" not in row.unread:
        problems.append(rules.problem("group", "", "The customer group is missing."))
    if code in facts.aliases:
        problems.append(rules.problem("code", code, f"Another customer once had the account code {code}."))
    username = str(values.get("username") or usual_username(code))
    if username and username.casefold() in facts.usernames:
        problems.append(
            rules.problem(
                "username", username, f"The portal username {username} is in use; give another one."
            )
        )
    elif username and not problems and (earlier := seen.before("username", username, row.number)):
        problems.append(
            rules.problem(
                "code", username, f"Row {earlier:,} has the portal username {username}; give another one."
            )
        )
    _check_links(values, facts, rules, problems)


def _check_links(values: Mapping[str, Value], facts: Facts, rules: Rules, problems: list[Problem]) -> None:
    master, reseller = str(values.get("master", "")), str(values.get("reseller", ""))
    if master and not (master in facts.others and facts.others[master].is_master):
        problems.append(
            rules.problem(
                "master", master, f"There is no master account {master}. Import master accounts first."
            )
        )
    if master and values.get("is_master"):
        problems.append(rules.problem("master", master, "A master account cannot itself be a sub-account."))
    if reseller and not (reseller in facts.others and facts.others[reseller].is_reseller):
        problems.append(
            rules.problem("reseller", reseller, f"There is no reseller {reseller}. Import resellers first.")
        )
    if reseller and values.get("is_reseller"):
        problems.append(rules.problem("reseller", reseller, "A reseller cannot belong to another reseller."))


def _changes(
    values: Mapping[str, Value], existing: Existing, facts: Facts, rules: Rules, problems: list[Problem]
) -> Changes:
    """What the row would change; an empty cell changes nothing."""
    found: Changes = {}
    for name, new in values.items():
        if name == "code":
            continue
        old = existing.values[name]
        if name in ("email", "mobile"):
            new = _joined(old, new)
        if _same(name, old, new):
            continue
        if name in LINKS:
            problems.append(
                rules.problem(name, new, "Masters and resellers are changed on the customer's own page.")
            )
        elif name == "username":
            owner = facts.usernames.get(str(new).casefold(), existing.pk)
            if not old:
                problems.append(rules.problem(name, new, f"{existing.code} has no portal login to rename."))
            elif owner != existing.pk:
                problems.append(rules.problem(name, new, f"The portal username {new} is in use."))
        found[name] = [old, new]
    return found


def _joined(old: Value, new: Value) -> Value:
    """The primary contact's first is the file's first; its others stay, and new ones join them."""
    if not isinstance(old, list) or not isinstance(new, list):
        return new
    joined = {text.casefold(): text for text in (new[0], *old[1:], *new[1:])}
    return list(joined.values())


def _same(name: str, old: Value, new: Value) -> bool:
    if name in ("categories", "labels") and isinstance(old, list) and isinstance(new, list):
        return {title.casefold() for title in old} == {title.casefold() for title in new}
    if name in TITLED:
        return str(old).casefold() == str(new).casefold()
    return old == new
