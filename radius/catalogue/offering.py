"""The acts on services and packages."""

from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.catalogue.models import Package, Service


def delete_service(service: Service, now: datetime, *, actor: User | None) -> None:
    """Delete a service that no package is built on; not recoverable. Raises DomainError otherwise."""
    with transaction.atomic():
        used = service.packages.count()
        if used:
            word = "package is" if used == 1 else "packages are"
            raise DomainError(f"{used} {word} built on {service}; move them to another service first.")
        events.record("service.deleted", service, actor=actor, at=now, code=service.code)
        service.delete()


def set_offered(package: Package, offered: bool, now: datetime, *, actor: User | None) -> Package:
    """Offer a package for new data accounts, or no longer; those who have it keep it. Raises DomainError."""
    done = Package.objects.filter(pk=package.pk, active=not offered).update(active=offered)
    if not done:
        state = "offered" if offered else "not offered"
        raise DomainError(f"{package} is already {state}; reload the page.")
    package.active = offered
    kind = "package.offered" if offered else "package.withdrawn"
    events.record(kind, package, actor=actor, at=now)
    return package


def delete_package(package: Package, now: datetime, *, actor: User | None) -> None:
    """Delete a package that nobody has or ever had. Raises DomainError otherwise."""
    with transaction.atomic():
        if DataAccount.objects.filter(package=package).exists():
            raise DomainError(f"{package} has data accounts; deactivate it instead.")
        events.record("package.deleted", package, actor=actor, at=now)
        try:
            package.delete()
        except ProtectedError as error:
            raise DomainError(f"{package} is still referred to; deactivate it instead.") from error
