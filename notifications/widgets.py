"""What this app puts on the customer's profile."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget


class Messages(Widget):
    """The last messages to the customer and what became of them."""

    name: ClassVar[str] = "messages"
    title: ClassVar[str] = "Messages"
    icon: ClassVar[str] = "send"
    template_name: ClassVar[str] = "notifications/_messages.html"
    permission: ClassVar[str] = "messages.view"
    column: ClassVar[int] = 1
    weight: ClassVar[int] = 90

    def context(self) -> Mapping[str, Any]:
        return {"messages_sent": self.obj.messages.all()[:5]}

    def buttons(self) -> list[Button]:
        if not self.obj.portal_logins.filter(user__is_active=True).exists():
            return []
        there = reverse("notifications:welcome_again", args=[self.obj.pk])
        return [Button("Send welcome mail", there, "mail", permission="customers.password", modal=True)]

    def view_all(self) -> str | None:
        return f"{reverse('notifications:message_list')}?q={self.obj.code}"
