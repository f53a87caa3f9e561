"""Pages that take a form: add, edit, act on one row or on many."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.db import IntegrityError, models, transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst

from ispbilling.core import access, events, registries, taken
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import NoFields, Tabs
from ispbilling.core.meanwhile import ChangedMeanwhile, refuse_if_changed
from ispbilling.core.parts import Button, Tab
from ispbilling.core.views.objects import ObjectPage
from ispbilling.core.views.page import report, scoped


class FormPage(ObjectPage):
    """What add, edit and act pages share: tabs, the dialog, refusals, what comes after."""

    form_class: ClassVar[type[BaseForm] | None] = None
    tabs: ClassVar[Sequence[Tab]] = ()
    submit_label: str = "Save Changes"
    submit_icon: str = "check"
    danger: bool = False
    template_name = "generic/edit.html"
    dialog_template: ClassVar[str] = "generic/_form_dialog.html"
    #: Where Close goes and, when nothing else is said, where Save goes.
    success_url_name: ClassVar[str] = ""

    def own_tabs(self) -> list[Tab]:
        """The page's own tabs; `form_class` alone is one tab."""
        return list(self.tabs) or [Tab("main", self.title, self.form_class or NoFields)]

    def registered_tabs(self) -> list[Tab]:
        return []

    def form_kwargs(self) -> dict[str, Any]:
        """Keyword arguments for every form of the page (`initial`, or whatever its own forms take)."""
        return {}

    def form(self) -> Tabs:
        """The tabs this user may use, bound to what was sent."""
        kwargs = self.form_kwargs()
        if self.request.method == "POST":
            kwargs |= {"data": self.request.POST, "files": self.request.FILES}
        own, more = (
            [
                tab
                for tab in tabs
                if (not tab.permission or access.may(self.actor, tab.permission))
                and (tab.shown is None or tab.shown(self.object))
            ]
            for tabs in (self.own_tabs(), self.registered_tabs())
        )
        return Tabs(own, more, obj=self.object, kwargs=kwargs)

    def act(self, obj: Any, form: Any, actor: Any) -> Any:
        """Do it. Raises DomainError to refuse."""
        raise NotImplementedError

    def done(self, obj: Any, result: Any) -> str:
        """The sentence that reports it."""
        return f"{capfirst(str(result or obj))} is saved."

    def undo_url(self, obj: Any, result: Any) -> str | None:
        """The URL an Undo button posts to, if there is a way back."""
        return None

    def success_url(self, obj: Any, result: Any) -> str:
        """Where to go afterwards, when the page was not opened from another one."""
        if self.success_url_name:
            return reverse(self.success_url_name)
        target = result if hasattr(result, "get_absolute_url") else obj
        return str(target.get_absolute_url())

    def close_url(self) -> str:
        """Where Close goes on the page without JavaScript."""
        if self.came_from():
            return self.came_from()
        if self.object is not None and self.object.pk and hasattr(self.object, "get_absolute_url"):
            return str(self.object.get_absolute_url())
        return reverse(self.success_url_name) if self.success_url_name else "/"

    def came_from(self) -> str:
        """The page to return to: `next`, or the page under the dialog; never another site."""
        htmx = getattr(self.request, "htmx", None)
        asked = self.request.POST.get("next") or self.request.GET.get("next") or ""
        if not asked and htmx and self.request.method == "GET":
            asked = htmx.current_url_abs_path or ""
        safe = url_has_allowed_host_and_scheme(asked, {self.request.get_host()}, self.request.is_secure())
        return asked if safe else ""

    def find(self) -> Any:
        """The object of the page before anything is asked."""
        return self.get_object()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        return self.show(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        try:
            with transaction.atomic():
                result = self.act(self.object, self.handed(form), self.actor)
                self.after(result if result is not None else self.object, form)
        except DomainError as refusal:
            if isinstance(refusal, ChangedMeanwhile):
                form.look_again()
            form.add_error(str(refusal))
            return self.show(form)
        except IntegrityError as error:
            if not (said := taken.sentence(error, self.object)):
                raise
            form.add_error(said)
            return self.show(form)
        report(request, self.done(self.object, result), undo_url=self.undo_url(self.object, result))
        return self.go(self.came_from() or self.success_url(self.object, result))

    def handed(self, form: Tabs) -> Any:
        """What `act` receives: the tabs."""
        return form

    def after(self, obj: Any, form: Tabs) -> None:
        """Store what registered tabs hold, in the same transaction."""

    def show(self, form: Tabs) -> HttpResponse:
        """The form, as a dialog or a page."""
        template = self.dialog_template if self.partial == "dialog-content" else self.template_name
        return self.answer(
            template,
            form=form,
            active_tab=form.active(self.request.GET.get("tab", "")),
            error_lines=form.errors() if self.request.method == "POST" else [],
            next=self.came_from(),
            close_url=self.close_url(),
            buttons=self.permitted(self.buttons()),
        )

    def buttons(self) -> list[Button]:
        """Further buttons in the footer (NAV-9: Password Reset, Delete)."""
        return []


class EditPage(FormPage):
    """Change one row. Nothing is stored until Save Changes (NAV-10)."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"password", "secret", "token"})

    @property
    def key(self) -> str:
        """The name under which further tabs are registered: the URL name of this page."""
        return str(self.request.resolver_match.view_name)  # type: ignore[union-attr]

    def registered_tabs(self) -> list[Tab]:
        return registries.tabs(self.key)

    def context(self, **extra: Any) -> dict[str, Any]:
        if not self.title and self.object is not None:
            self.title = f"Edit {self.object._meta.verbose_name} - {self.object}"
        return super().context(**extra)

    def about(self, obj: Any) -> models.Model | None:
        """On whose timeline the change belongs, when that is not the row itself."""
        return None

    def act(self, obj: Any, form: Any, actor: Any) -> Any:
        before, noun = self.stored(obj, form), obj._meta.model_name
        for tab in form.own:
            if hasattr(form[tab.name], "save"):
                form[tab.name].save()
        if before is None:
            events.record(f"{noun}.added", obj, actor=actor, about=self.about(obj))
        elif changed := self.changes(before, form):
            events.record(f"{noun}.changed", obj, actor=actor, about=self.about(obj), changes=changed)
        return obj

    def stored(self, obj: Any, form: Any) -> Any:
        """The row as it is, None for a new one. Where the form knows what it saw, the row is locked and the change
        of somebody else is told (ChangedMeanwhile)."""
        rows = type(obj)._default_manager.filter(pk=obj.pk)
        if obj.pk and form.seen is not None:
            rows = rows.select_for_update(no_key=True, of=("self",))
        row = rows.first() if obj.pk else None
        if row is not None:
            refuse_if_changed(row, form.seen, f"{obj._meta.model_name}.changed")
        return row

    def changes(self, before: Any, form: Any) -> dict[str, list[Any]]:
        """Old and new value of each changed field; a secret only says that it changed."""
        changed: dict[str, list[Any]] = {}
        for tab in form.own:
            for name in form[tab.name].changed_data:
                if name == "seen":
                    continue
                if any(word in name for word in self.secret_fields):
                    changed[name] = ["(hidden)", "(hidden)"]
                else:
                    changed |= events.changes(
                        {name: getattr(before, name, None)}, {name: form[tab.name].cleaned_data.get(name)}
                    )
        return changed

    def after(self, obj: Any, form: Tabs) -> None:
        for tab in form.registered:
            if not form[tab.name].has_changed():
                continue
            if tab.save is not None:
                tab.save(form[tab.name], obj, self.actor)
            else:
                form[tab.name].save()


class AddPage(EditPage):
    """Make one row."""

    submit_label = "Add"
    submit_icon = "plus"

    def find(self) -> Any:
        return (self.model or self.get_queryset().model)()

    def done(self, obj: Any, result: Any) -> str:
        return f"{capfirst(str(result or obj))} is added."

    def own_tabs(self) -> list[Tab]:
        self.title = self.title or f"Add {self.object._meta.verbose_name}"
        return super().own_tabs()

    def after(self, obj: Any, form: Tabs) -> None:
        for tab in form.registered:
            if tab.save is not None and form[tab.name].has_changed():
                tab.save(form[tab.name], obj, self.actor)


class ActionPage(FormPage):
    """A verb on one row: what will happen, then the button. Works without JavaScript; a dialog with it."""

    template_name = "generic/confirm.html"
    dialog_template = "generic/_confirm_dialog.html"
    submit_label = "Confirm"
    #: What it is done to, where that is not the row.
    subject: str = ""

    def consequences(self, obj: Any) -> list[str]:
        """What it will do to service, money and messages, with numbers; shown above the button."""
        return []

    def obstacles(self, obj: Any) -> list[str]:
        """Why it cannot be done now, as sentences; the page then says so and offers no button."""
        return []

    def handed(self, form: Tabs) -> Any:
        """`act` receives the form itself."""
        return form.first

    def done(self, obj: Any, result: Any) -> str:
        return f"{self.title}: {obj} - done."

    def context(self, **extra: Any) -> dict[str, Any]:
        if self.object is not None:
            extra["obstacles"] = self.obstacles(self.object)
            extra["consequences"] = [] if extra["obstacles"] else self.consequences(self.object)
        return super().context(**extra)


class RevealPage(ActionPage):
    """Something secret, shown to somebody who says why in the field `reason` of its form.

    Answered at once and kept nowhere: a message would leave it in the session.
    """

    submit_label, submit_icon = "Show", "eye"
    shown_template: ClassVar[str]
    shown_dialog_template: ClassVar[str]

    def reveal(self, obj: Any, reason: str) -> dict[str, Any]:
        """Record who asked and why; returns the context of the template."""
        raise NotImplementedError

    def consequences(self, obj: Any) -> list[str]:
        return ["Your name, the time and the reason are recorded on the customer's timeline."]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        shown = self.reveal(self.object, form.cleaned_data["reason"])
        inside = self.partial == "dialog-content"
        response = self.answer(self.shown_dialog_template if inside else self.shown_template, **shown)
        response["Cache-Control"] = "no-store"
        return response


class BulkPage(ActionPage):
    """A verb on the rows ticked in a list (`?pk=1&pk=2`); one refusal does not stop the rest."""

    def find(self) -> Any:
        asked = [
            pk for pk in self.request.GET.getlist("pk") + self.request.POST.getlist("pk") if pk.isdecimal()
        ]
        rows = list(scoped(self.get_queryset(), self.actor).filter(pk__in=asked))
        if not rows:
            raise Http404("none of the rows is there")
        return rows

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        refused, count = [], 0
        for row in self.object:
            try:
                with transaction.atomic():
                    self.act(row, form.first, self.actor)
                count += 1
            except DomainError as refusal:
                refused.append(f"{row}: {refusal}")
        if count:
            report(request, self.done(self.object, count))
        for sentence in refused:
            messages.warning(request, sentence)
        return self.go(self.came_from() or self.success_url(self.object, count))

    def done(self, obj: Any, result: Any) -> str:
        return f"{self.title}: {result} done."

    def close_url(self) -> str:
        return self.came_from() or reverse(self.success_url_name)

    def success_url(self, obj: Any, result: Any) -> str:
        return reverse(self.success_url_name)
