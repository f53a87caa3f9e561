"""What a merge would do, for the page that asks for it: refusals, moves, differences, consequences."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from billing.debiting import mandates
from billing.ledger.models import Balance
from billing.merging.moves import Move, belongings
from billing.runs.models import Run, RunState
from customers.accounts import editing, gates
from customers.merging import choosing
from customers.merging.choosing import Difference
from customers.models import Customer, Erasure, Gate, GateKind
from customers.relations import paying
from ispbilling.core import registries
from ispbilling.core.money import ZERO, format_money

#: A customer that is not in service keeps its lines so when they move.
STOPPED = (GateKind.CANCELLED, GateKind.SUSPENDED, GateKind.DISABLED)


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it. `seen` stands for what was shown: a merge of something else is refused."""

    moves: list[tuple[Move, list[int]]]
    differences: list[Difference]
    balance: Decimal
    seen: str


def look(survivor: Customer, loser: Customer) -> Preview:
    moves = list(belongings(loser))
    shown = [
        editing.fingerprint(survivor),
        editing.fingerprint(loser),
        repr([(m.key, keys) for m, keys in moves]),
    ]
    return Preview(
        moves,
        choosing.differences(survivor, loser),
        balance(loser),
        sha256("\x1f".join(shown).encode()).hexdigest()[:32],
    )


def balance(customer: Customer) -> Decimal:
    """What the customer owes now."""
    return Balance.objects.filter(customer=customer).values_list("amount", flat=True).first() or ZERO


def standing(customer: Customer) -> dict[str, Gate]:
    return {gate.kind: gate for gate in customer.gates.standing()}


def refusals(survivor: Customer, loser: Customer, now: datetime) -> list[str]:
    """Why these two cannot be merged now, each with what to do about it."""
    if survivor.pk == loser.pk:
        return ["Choose two different customers."]
    found = []
    for customer in (survivor, loser):
        # Standing, not closed at `now`: whoever waited for a lock comes with an older instant.
        if customer.gates.standing().filter(kind=GateKind.DELETED).exists():
            found.append(f"{customer.code} is deleted or merged already; undelete it first.")
    if survivor.gates.closing(now).filter(kind=GateKind.CANCELLED).exists():
        found.append(f"{survivor.code} is cancelled: nothing could go on there. Merge the other way round.")
    if Erasure.objects.filter(customer__in=[survivor, loser]).exists():
        found.append("The personal data of one of them is erased for good; nobody is left to merge.")
    found += _related(survivor, loser)
    if survivor.demonstration != loser.demonstration:
        found.append("One of them belongs to the demonstration, which is taken away as a whole.")
    if Run.objects.filter(state__in=[RunState.ISSUING, RunState.UNDOING]).exists():
        found.append("A billing run is being issued or taken back; try again when it has finished.")
    return found + registries.refusals("customer.merge", loser)


def _related(survivor: Customer, loser: Customer) -> list[str]:
    """Masters and resellers are one level deep, and nobody becomes their own."""
    found = []
    for one, other in ((survivor, loser), (loser, survivor)):
        if one.master_id == other.pk:
            found.append(f"{one.code} is a sub-account of {other.code}; unlink it first.")
        if one.reseller_id == other.pk:
            found.append(f"{one.code} belongs to the reseller {other.code}; unlink it first.")
    if loser.sub_accounts.exists() and survivor.master_id:
        found.append(f"{loser.code} has sub-accounts, and {survivor.code} is one itself; unlink it first.")
    if loser.resold_customers.exists() and survivor.reseller_id:
        found.append(f"{loser.code} is a reseller, and {survivor.code} belongs to one; unlink it first.")
    return found


def consequences(survivor: Customer, loser: Customer, preview: Preview, now: datetime) -> list[str]:
    """What will be different afterwards: service, money, logins, and what cannot be taken back."""
    moved = ", ".join(move.words(len(keys)) for move, keys in preview.moves) or "nothing"
    found = [
        f"From {loser} to {survivor}: {moved}. Categories and labels of both are kept.",
        f"{loser.code} is hidden and becomes a former code of {survivor.code}: still found, and still good as"
        " payment reference. It is never given to anybody else.",
    ]
    if preview.balance:
        amount = format_money(preview.balance)
        found.append(
            f"The balance of {amount} is transferred in the ledger. Issued invoices stay in the name of {loser.code}."
        )
    found += _service(survivor, loser, preview, now) + _payer(survivor, loser)
    if any(move.key == "customers.Customer.master" for move, _ in preview.moves):
        pays = "is billed for them" if survivor.bill_all_to_master else "stays billed as before"
        found.append(f"{survivor.code} becomes the master account of the sub-accounts and {pays}.")
    if loser.master_id:
        found.append(f"{loser.code} stops being a sub-account of {loser.master}.")
    found += mandates.left_by_merge(survivor, loser)
    found.append("Nobody is notified.")
    return found


def stopped(survivor: Customer, loser: Customer) -> tuple[str, str] | None:
    """What keeps the loser's lines out of service that the survivor's would not meet: a word and the reason."""
    closed = standing(loser)
    for kind in (GateKind.SUSPENDED, GateKind.DISABLED):
        if kind in closed:
            return str(kind.label), closed[kind].reason
    if not loser.group.enabled and survivor.group.enabled:
        return "Group disabled", str(loser.group)
    return None


def _payer(survivor: Customer, loser: Customer) -> list[str]:
    """A sub-account may be paid for by its master, and then so is what comes to it."""
    before, after = paying.payer(loser), paying.payer(survivor)
    if before == after or (before == loser and after == survivor):
        return []
    return [f"{after} is invoiced for what {loser.code} uses from now on; so far it was {before}."]


def _service(survivor: Customer, loser: Customer, preview: Preview, now: datetime) -> list[str]:
    """Moving never opens what somebody closed; what closes the survivor closes what comes to it."""
    if not any(move.label == "radius.DataAccount" for move, _ in preview.moves):
        return []
    theirs, here = standing(loser), standing(survivor)
    found = []
    if why := stopped(survivor, loser):
        state = gates.state_sentence(theirs.values(), now) if theirs else ": ".join(why)
        found.append(
            f"{loser.code} is not in service ({state}): its data accounts arrive blocked, unblock them there."
        )
    if GateKind.CANCELLED in theirs:
        found.append(
            f"{loser.code} is cancelled: its lines end with {theirs[GateKind.CANCELLED].last_day} as before."
        )
    if here:
        state = gates.state_sentence(here.values(), now)
        found.append(
            f"{survivor.code} is {state[:1].lower()}{state[1:]}: that holds for what comes to it, too."
        )
    return found
