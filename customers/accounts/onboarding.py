"""A new customer: the row, its code, its primary contact and its portal login, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from customers.accounts import codes, numbering, reach
from customers.accounts.models import Contact, Customer, CustomerType, PortalLogin, PositionSource
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Role, User


class CodeTaken(DomainError):
    """Another customer has that code, or had it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """What is known of a customer before it exists (ADD-3).

    `name` is the company's name or the person's full name. An empty `code` is generated; `generated` says
    that Generate showed the code, so that a newer one is taken when somebody else was quicker. An empty
    `username` means the code (ACC-13). `welcome` asks for the welcome mail (D-4). `email` and `mobile` may hold
    several (`reach`); the portal login is mailed at the first.
    """

    group: CustomerGroup
    name: str
    type: str = CustomerType.INDIVIDUAL
    contact_name: str = ""
    code: str = ""
    generated: bool = False
    phone: str = ""
    mobile: str = ""
    email: str = ""
    id_number: str = ""
    vat_number: str = ""
    billing_group: BillingGroup | None = None
    categories: Sequence[Category] = ()
    labels: Sequence[Label] = ()
    high_site: HighSite | None = None
    vip: bool = False
    physical_address: str = ""
    postal_address: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    position_source: str = ""
    position_accuracy: str = ""
    position_label: str = ""
    username: str = ""
    welcome: bool = True
    demonstration: bool = False


def add_customer(new: NewCustomer, now: datetime, *, actor: User | None) -> Customer:
    """Add the customer with its primary contact and a portal login that has no password yet.

    Raises CodeTaken for a typed code that is in use, and DomainError for a deleted group, a name that gives
    no code, or a portal username that is in use.
    """
    try:
        with transaction.atomic():
            # Nobody deletes the group while somebody moves in.
            group = CustomerGroup.objects.select_for_update(no_key=True).get(pk=new.group.pk)
            if group.deleted_at is not None:
                raise DomainError(f"The group {group} was deleted meanwhile; pick another.")
            customer = _create(new, _code_for(new), now, actor)
            events.record(
                "customer.added", customer, actor=actor, at=now, group=group.title, welcome=new.welcome
            )
            _give_login(customer, new, now, actor)
    except IntegrityError as error:
        # Two people typed the same free code at the same moment; a counted code cannot get here.
        if "customers_customer_code_ci" in str(error):
            raise CodeTaken(f"Another customer has the account code {new.code}.") from error
        if "core_user_username" in str(error):
            raise DomainError("That portal username is in use; choose another.") from error
        raise
    return customer


def open_login(
    customer: Customer, username: str, email: str, now: datetime, *, actor: User | None, welcome: bool = False
) -> PortalLogin:
    """Give the customer a portal login without a password. Raises DomainError when the username is in use."""
    if User.objects.filter(username__iexact=username).exists():
        raise DomainError(f"The portal username {username} is in use; choose another.")
    user = User(
        username=username,
        email=email,
        first_name=(customer.contact_name or customer.name)[:150],
        role=Role.RESELLER if customer.is_reseller else Role.CUSTOMER,
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    login = PortalLogin.objects.create(
        user=user, customer=customer, primary=not customer.portal_logins.exists()
    )
    events.record(
        "portal_login.added", login, actor=actor, about=customer, at=now, username=username, welcome=welcome
    )
    return login


def usual_username(code: str) -> str:
    """The code, with the one character usernames do not allow replaced (ACC-13)."""
    return code.replace("/", "-")


def _code_for(new: NewCustomer) -> str:
    """The typed code if it is free, or a fresh one."""
    if new.code:
        try:
            code = codes.tidy(new.code)
        except ValueError as error:
            raise DomainError(str(error)) from error
        numbering.claim(code)  # locks the counter first, so that the check below stays true
        if not numbering.is_taken(code):
            return code
        if not new.generated:
            raise CodeTaken(f"Another customer has, or once had, the account code {code}.")
    company = new.type == CustomerType.COMPANY
    stem = numbering.stem_of(new.name, company=company)
    if stem is None:
        raise DomainError("The name has no letters or digits to make an account code of; type a code.")
    return numbering.next_code(stem)


def _create(new: NewCustomer, code: str, now: datetime, actor: User | None) -> Customer:
    placed = new.latitude is not None
    customer = Customer.objects.create(
        code=code,
        type=new.type,
        name=new.name,
        contact_name=new.contact_name,
        id_number=new.id_number,
        vat_number=new.vat_number,
        group=new.group,
        billing_group=new.billing_group,
        high_site=new.high_site,
        vip=new.vip,
        phone=new.phone,
        physical_address=new.physical_address,
        postal_address=new.postal_address,
        latitude=new.latitude,
        longitude=new.longitude,
        position_source=(new.position_source or PositionSource.TYPED) if placed else "",
        position_accuracy=new.position_accuracy if placed else "",
        position_label=new.position_label if placed else "",
        position_set_by=actor if placed else None,
        position_set_at=now if placed else None,
        demonstration=new.demonstration,
        created_at=now,
    )
    customer.categories.set(new.categories)
    customer.labels.set(new.labels)
    Contact.objects.create(
        customer=customer,
        name=new.contact_name or new.name,
        email=reach.first(new.email),
        mobile=reach.first(new.mobile),
        more_emails=reach.others(new.email),
        more_mobiles=reach.others(new.mobile),
        primary=True,
    )
    return customer


def _give_login(customer: Customer, new: NewCustomer, now: datetime, actor: User | None) -> None:
    username = new.username or usual_username(customer.code)
    open_login(customer, username, reach.first(new.email), now, actor=actor, welcome=new.welcome)
