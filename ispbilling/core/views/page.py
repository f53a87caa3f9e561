"""What all pages of staff have in common: log-in, permission, HTMX, and what they report."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views import View

from ispbilling.core import access
from ispbilling.core.parts import Button
from ispbilling.core.tables import allowed


def report(request: HttpRequest, text: str, *, undo_url: str | None = None) -> None:
    """Tell on the next page what was done, with an Undo button (a POST) where there is a way back."""
    messages.success(request, text, extra_tags=f"undo={undo_url}" if undo_url else "")


def scoped(queryset: Any, user: Any) -> Any:
    """The rows this user may see: `visible_to(user)` where the queryset knows such a thing."""
    rows = queryset.all()
    return rows.visible_to(user) if hasattr(rows, "visible_to") else rows


class StaffPage(View):
    """A page behind the staff door: logged in, then permitted, then answered."""

    permission: ClassVar[str]
    title: str = ""
    template_name: str = "generic/page.html"
    #: Pages above this one as (label, url); the breadcrumbs.
    parents: Sequence[tuple[str, str]] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.to_login()
        if not getattr(self, "permission", ""):
            raise ImproperlyConfigured(f"{type(self).__name__} names no permission")
        access.require(request.user, self.permission)
        response = super().dispatch(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)  # after log-out nobody pages back to a customer
        return response

    @property
    def actor(self) -> Any:
        """The logged-in person, who is recorded as having done it."""
        return self.request.user

    @property
    def partial(self) -> str:
        """The id of the element HTMX wants to fill ("" for a whole page)."""
        htmx = getattr(self.request, "htmx", None)
        return (htmx.target or "") if htmx and not htmx.boosted and not htmx.history_restore_request else ""

    def to_login(self) -> HttpResponseBase:
        """Send to the log-in page and back afterwards; a partial request reloads the whole page there."""
        htmx = getattr(self.request, "htmx", None)
        if htmx:
            there = redirect_to_login(htmx.current_url_abs_path or "/").url
            return HttpResponse(status=204, headers={"HX-Redirect": there})
        return redirect_to_login(self.request.get_full_path())

    def crumbs(self) -> Sequence[tuple[str, str]]:
        return self.parents

    def context(self, **extra: Any) -> dict[str, Any]:
        """What every template of the kit gets; pages add to it."""
        return {"page": self, "title": self.title, "crumbs": self.crumbs(), **extra}

    def answer(self, template: str = "", status: int = 200, **context: Any) -> HttpResponse:
        """Render a template with the page's context."""
        return render(self.request, template or self.template_name, self.context(**context), status=status)

    def permitted(self, buttons: Iterable[Button]) -> list[Button]:
        """The buttons this user may press."""
        return [button for button in buttons if allowed(button, self.request.user)]

    def go(self, url: str) -> HttpResponse:
        """Go to a page: a redirect, or from a dialog the same by HTMX."""
        if getattr(self.request, "htmx", None):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)
