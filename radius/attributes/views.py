"""Pages that add, change and delete an attribute of replies; one set for services, one for data accounts."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404

from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.models import User
from ispbilling.core.views import ActionPage, AddPage, EditPage, scoped
from radius.accounts.models import DataAccount
from radius.attributes import editing
from radius.attributes.forms import ReplyAttributeForm
from radius.attributes.models import ReplyAttribute
from radius.attributes.tables import PERMISSIONS
from radius.catalogue.models import Service


class _OfService:
    permission = PERMISSIONS["service"]
    field = "service"

    def get_queryset(self) -> Any:
        return ReplyAttribute.objects.filter(service__isnull=False).select_related("service")

    def success_url(self, obj: ReplyAttribute, result: Any) -> str:
        return obj.get_absolute_url()


class _OfLine(_OfService):
    permission = PERMISSIONS["data_account"]
    field = "data_account"

    def get_queryset(self) -> Any:
        return ReplyAttribute.objects.filter(data_account__isnull=False).select_related(
            "data_account__customer"
        )


class ServiceAttributeAdd(_OfService, AddPage):
    title = "Add Reply Attribute"
    submit_label = "Add Attribute"
    form_class = ReplyAttributeForm
    queryset: ClassVar[Any] = Service.objects.all()

    def find(self) -> ReplyAttribute:
        owner = get_object_or_404(scoped(self.queryset, self.actor), pk=self.kwargs["pk"])
        self.title = f"Add Reply Attribute - {owner}"
        return ReplyAttribute(**{self.field: owner})

    def act(self, obj: ReplyAttribute, form: Tabs, actor: User) -> ReplyAttribute:
        return editing.add(obj, clock.now(), actor=actor)

    def close_url(self) -> str:
        return self.came_from() or self.object.get_absolute_url()


class ServiceAttributeEdit(_OfService, EditPage):
    form_class = ReplyAttributeForm

    def act(self, obj: ReplyAttribute, form: Tabs, actor: User) -> ReplyAttribute:
        return editing.edit(obj, form.changed, clock.now(), actor=actor, seen=form.seen)


class ServiceAttributeDelete(_OfService, ActionPage):
    title = "Delete Reply Attribute"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True

    def consequences(self, obj: ReplyAttribute) -> list[str]:
        return [f"Replies for {obj.owner} do not carry {obj} any more.", "Live sessions are brought in line."]

    def act(self, obj: ReplyAttribute, form: Any, actor: User) -> None:
        editing.delete(obj, clock.now(), actor=actor)

    def done(self, obj: ReplyAttribute, result: None) -> str:
        return f"{obj} is deleted."


class DataAccountAttributeAdd(_OfLine, ServiceAttributeAdd):
    queryset = DataAccount.objects.all()


class DataAccountAttributeEdit(_OfLine, ServiceAttributeEdit):
    pass


class DataAccountAttributeDelete(_OfLine, ServiceAttributeDelete):
    pass
