"""Pages of services and packages."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse, reverse_lazy

from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.parts import Attr, Button, Panel, State, Tab
from ispbilling.core.units import counted, format_kbps, format_octets, spoken_seconds
from ispbilling.core.using import users
from ispbilling.core.views import ActionPage, AddPage, DetailPage, EditPage, ListPage
from radius.catalogue import offering
from radius.catalogue.filters import PackageFilter, ServiceFilter
from radius.catalogue.forms import DataForm, HoursForm, NetworkForm, PackageForm, ServiceForm
from radius.catalogue.models import Package, Service
from radius.catalogue.tables import EDIT, PackageTable, ServiceTable, package_actions, service_actions
from radius.policy.bands import closing

VIEW = "radius.catalogue.view"
SERVICE_TABS = (
    Tab("service", "Service", ServiceForm, icon="gauge"),
    Tab("hours", "Hours and Limits", HoursForm, icon="clock"),
)
PACKAGE_TABS = (
    Tab("package", "Package", PackageForm, icon="package"),
    Tab("data", "Top-ups and Rollover", DataForm, icon="database-plus"),
    Tab("network", "On the Network", NetworkForm, icon="network"),
)


def _counted(services: Any) -> Any:
    """The services with `package_count` and `users`, the data accounts of all their packages."""
    mine = Package.objects.filter(service=OuterRef("pk")).order_by().values("service")
    return services.annotate(
        package_count=Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), 0),
        users=Coalesce(Subquery(mine.annotate(n=Count("data_accounts")).values("n")), 0),
    )


def _rolls(rolls: bool | None, months: int | None) -> str:
    """What becomes of unused data, where the package says so."""
    if rolls is False:
        return "expires at the end of the month"
    how_long = counted(months, "month") if months else "for as long as category, group or system say"
    if rolls is None and not months:
        return "as category, group or system say"
    whether = "rolls over" if rolls else "if category, group or system say so,"
    return f"{whether} {'for ' if months else ''}{how_long}"


def _people(count: int) -> str:
    return "1 data account" if count == 1 else f"{count} data accounts"


def _used_by(row: Service | Package) -> list[str]:
    return [f"It is used by {' and '.join(found)}, so it stays."] if (found := users(row)) else []


class ServiceList(ListPage):
    queryset = _counted(Service.objects.all())
    table_class = ServiceTable
    filterset_class = ServiceFilter
    permission = VIEW
    title = "Services"
    search_fields = ("code", "title")
    search_help = "Code or title"
    add_url_name, add_permission, add_label, add_modal = "radius:service_add", EDIT, "Add Service", True
    empty_icon = "gauge"
    empty_text = "A RADIUS service is a speed. Packages put a cap and a price on it."


class ServiceDetail(DetailPage):
    queryset = _counted(Service.objects.all())
    permission = VIEW
    panels = (
        Panel(
            "Service",
            (
                Attr("code", "Service Code", kind="mono"),
                Attr("title"),
                Attr(lambda s: format_kbps(s.down_kbps), "Speed Down"),
                Attr(lambda s: format_kbps(s.up_kbps), "Speed Up"),
                Attr("authentication"),
                Attr("expires_on", "Expiry Date", kind="date", empty="never"),
                Attr("package_count", "Packages"),
                Attr("users", "Users"),
            ),
            icon="gauge",
        ),
        Panel(
            "Hours and Limits",
            (
                Attr("closed_hours", "Closed", empty="never"),
                Attr(
                    lambda s: spoken_seconds(s.time_limit) if s.time_limit else None,
                    "Time Limit",
                    empty="none",
                ),
                Attr(lambda s: s.get_limit_type_display() if s.time_limit else None, "Limit Is For"),
            ),
            column=2,
            icon="clock",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Services", reverse("radius:service_list"))]

    def subtitle(self) -> str:
        return str(self.object.speed)

    def buttons(self) -> list[Button]:
        packages = Button(
            "Packages", reverse("radius:package_list") + f"?service={self.object.pk}", "package"
        )
        users = Button(
            "Users", reverse("radius:data_account_list") + f"?service={self.object.pk}", "plug-connected"
        )
        return [packages, users, *service_actions(self.object)]

    def banners(self) -> list[tuple[str, str]]:
        found = []
        if self.object.authentication == "reject":
            found.append(("stopped", f"Set to Reject: {_people(self.object.users)} cannot log in."))
        if self.object.expired(clock.local_day(clock.now())):
            found.append(("stopped", f"Expired on {self.object.expires_on}: nobody on it can log in."))
        if closing(self.object.bands, settings.TIME_ZONE, clock.now()) is not None:
            found.append(("attention", f"Closed now ({self.object.closed_hours})."))
        return found


class _OnServices:
    """Pages below the list of services."""

    parents = (("Services", reverse_lazy("radius:service_list")),)


class ServiceAdd(_OnServices, AddPage):
    model = Service
    permission = EDIT
    title = "Add Service"
    submit_label = "Add Service"
    tabs = SERVICE_TABS
    success_url_name = "radius:service_list"

    def act(self, obj: Service, form: Tabs, actor: User) -> Service:
        return offering.add(obj, clock.now(), actor=actor)


class ServiceClone(ServiceAdd):
    """A new service that starts as a copy of another one."""

    title = "Clone Service"

    def find(self) -> Service:
        copy: Service = self.get_object()
        copy.pk, copy._state.adding = None, True
        copy.code, copy.title = f"{copy.code}-copy"[:40], f"{copy.title} (copy)"[:80]
        return copy

    def act(self, obj: Service, form: Tabs, actor: User) -> Service:
        source: Service = self.get_object()
        return offering.clone(obj, source, clock.now(), actor=actor)


class ServiceEdit(_OnServices, EditPage):
    model = Service
    permission = EDIT
    tabs = SERVICE_TABS
    success_url_name = "radius:service_list"

    def act(self, obj: Service, form: Tabs, actor: User) -> Service:
        return offering.edit(obj, form.changed, clock.now(), actor=actor, seen=form.seen)


class ServiceDelete(_OnServices, ActionPage):
    queryset = _counted(Service.objects.all())
    permission = EDIT
    title = "Delete Service"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    success_url_name = "radius:service_list"

    def obstacles(self, obj: Service) -> list[str]:
        return _used_by(obj)

    def consequences(self, obj: Service) -> list[str]:
        return [
            "No package is built on it; nobody's access changes.",
            "A deleted service cannot be recovered.",
        ]

    def act(self, obj: Service, form: Any, actor: User) -> None:
        offering.delete(obj, clock.now(), actor=actor)

    def done(self, obj: Service, result: None) -> str:
        return f"{obj} is deleted."

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: Service, result: None) -> str:
        return reverse("radius:service_list")


class PackageList(ListPage):
    queryset = Package.objects.select_related("service", "service_once_capped", "topup_group").annotate(
        accounts=Count("data_accounts")
    )
    table_class = PackageTable
    filterset_class = PackageFilter
    permission = VIEW
    title = "Packages"
    search_fields = ("title", "service__title", "service__code")
    search_help = "Title or service"
    states = (
        State("active", "Active", Q(active=True)),
        State("inactive", "Inactive", Q(active=False), hidden_word="inactive"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label, add_modal = "radius:package_add", EDIT, "Add Package", True
    empty_icon = "package"
    empty_text = "A package is what a customer buys: a service (speed), a monthly cap and a price."


class PackageDetail(DetailPage):
    queryset = PackageList.queryset
    permission = VIEW
    panels = (
        Panel(
            "Package",
            (
                Attr("title"),
                Attr("service", kind="link"),
                Attr("service.speed", "Speed"),
                Attr("cap", "Monthly Cap"),
                Attr(lambda p: p.get_cap_kind_display(), "Kind of Cap"),
                Attr("service_once_capped", "Service Once Capped", kind="link", empty="none"),
                Attr(lambda p: p.get_counts_display() if p.cap_octets else None, "Counts", empty="nothing"),
                Attr("price", "Monthly Price", kind="money"),
                Attr("accounts", "Data Accounts"),
                Attr(lambda p: "Active" if p.active else "Inactive", "State"),
            ),
            icon="package",
        ),
        Panel(
            "Top-ups and Rollover",
            (
                Attr("topup_group", "Top-up Group", kind="link", empty="none: nothing to buy on top"),
                Attr(
                    lambda p: "is added to what was bought" if p.add_overusage_on_topup else "is paid first",
                    "Over-usage on Top-up",
                ),
                Attr("get_bundle_starts_display", "Prepaid Bundles Start"),
                Attr(lambda p: _rolls(p.rollover_monthly, p.rollover_monthly_months), "Unused Monthly Data"),
                Attr(lambda p: _rolls(p.rollover_topup, p.rollover_topup_months), "Unused Top-ups"),
                Attr(
                    lambda p: format_octets(p.rollover_max_octets) if p.rollover_max_octets else None,
                    "Most That Rolls Over",
                    empty="any amount",
                ),
            ),
            icon="database-plus",
        ),
        Panel(
            "On the network",
            (
                Attr(
                    lambda p: spoken_seconds(p.session_timeout) if p.session_timeout else "never",
                    "Session Timeout",
                ),
                Attr(lambda p: f"every {spoken_seconds(p.interim_interval)}", "Accounting Updates"),
                Attr("framed_pool", "Address Pool", kind="mono"),
                Attr("framed_ipv6_pool", "IPv6 Pool", kind="mono"),
                Attr("delegated_ipv6_pool", "IPv6 Delegation Pool", kind="mono"),
                Attr(lambda p: p.simultaneous_use or None, "Sessions at Once", empty="any number"),
            ),
            column=2,
            icon="network",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Packages", reverse("radius:package_list"))]

    def subtitle(self) -> str:
        return f"{self.object.service.speed} · {self.object.cap}"

    def banners(self) -> list[tuple[str, str]]:
        return [("attention", sentence) for sentence in self.object.label_differences]

    def buttons(self) -> list[Button]:
        who = Button(
            "Data Accounts", reverse("radius:data_account_list") + f"?package={self.object.pk}", "users"
        )
        return [who, *package_actions(self.object)]


class _OnPackages:
    """Pages below the list of packages."""

    parents = (("Packages", reverse_lazy("radius:package_list")),)


class _Labelled(_OnPackages, EditPage):
    """Tells after saving when the name claims what the package does not give."""

    def after(self, obj: Package, form: Tabs) -> None:
        super().after(obj, form)
        for sentence in obj.label_differences:
            messages.warning(self.request, f"{obj}: {sentence} It is saved; the name is only a label.")


class PackageAdd(_Labelled, AddPage):
    model = Package
    permission = EDIT
    title = "Add Package"
    submit_label = "Add Package"
    tabs = PACKAGE_TABS
    success_url_name = "radius:package_list"

    def act(self, obj: Package, form: Tabs, actor: User) -> Package:
        return offering.add(obj, clock.now(), actor=actor)


class PackageClone(PackageAdd):
    """A new package that starts as a copy of another one; nobody has it yet."""

    title = "Clone Package"

    def find(self) -> Package:
        copy: Package = self.get_object()
        copy.pk, copy._state.adding = None, True
        copy.title = f"{copy.title} (copy)"[:80]
        return copy


class PackageEdit(_Labelled):
    model = Package
    permission = EDIT
    tabs = PACKAGE_TABS
    success_url_name = "radius:package_list"

    def act(self, obj: Package, form: Tabs, actor: User) -> Package:
        return offering.edit(obj, form.changed, clock.now(), actor=actor, seen=form.seen)

    def after(self, obj: Package, form: Tabs) -> None:
        super().after(obj, form)
        had = form["package"].initial.get("cap_octets")
        lines = obj.data_accounts.filter(prepaid=False).count()
        if lines and had and obj.cap_octets not in (None, had):
            day = offering.next_grant(clock.now())
            messages.info(
                self.request,
                f"{_people(lines)} on it: this month's data stays as it was granted, {obj.cap} from {day} on.",
            )


class PackageDeactivate(_OnPackages, ActionPage):
    queryset = PackageList.queryset
    permission = EDIT
    title = "Deactivate Package"
    submit_label = "Deactivate"
    submit_icon = "ban"
    danger = True
    success_url_name = "radius:package_list"

    def consequences(self, obj: Package) -> list[str]:
        return [
            "It is not offered for new data accounts any more.",
            f"{_people(obj.accounts)} on it keep it, their speed and their price.",
        ]

    def act(self, obj: Package, form: Any, actor: User) -> Package:
        return offering.set_offered(obj, False, clock.now(), actor=actor)

    def done(self, obj: Package, result: Package) -> str:
        return f"{obj} is not offered any more."

    def undo_url(self, obj: Package, result: Package) -> str:
        return reverse("radius:package_activate", args=[obj.pk])


class PackageDelete(_OnPackages, ActionPage):
    queryset = PackageList.queryset
    permission = EDIT
    title = "Delete Package"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    success_url_name = "radius:package_list"

    def obstacles(self, obj: Package) -> list[str]:
        return _used_by(obj)

    def consequences(self, obj: Package) -> list[str]:
        return ["Nobody has it; nobody's access or price changes.", "A deleted package cannot be recovered."]

    def act(self, obj: Package, form: Any, actor: User) -> None:
        offering.delete(obj, clock.now(), actor=actor)

    def done(self, obj: Package, result: None) -> str:
        return f"{obj} is deleted."

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: Package, result: None) -> str:
        return reverse("radius:package_list")


class PackageActivate(_OnPackages, ActionPage):
    queryset = PackageList.queryset
    permission = EDIT
    title = "Activate Package"
    submit_label = "Activate"
    success_url_name = "radius:package_list"

    def consequences(self, obj: Package) -> list[str]:
        return ["It is offered for new data accounts again."]

    def act(self, obj: Package, form: Any, actor: User) -> Package:
        return offering.set_offered(obj, True, clock.now(), actor=actor)

    def done(self, obj: Package, result: Package) -> str:
        return f"{obj} is offered again."
