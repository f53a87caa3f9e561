"""The list of quarantined packets."""

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.views import ListPage
from radius.quarantine.filters import QuarantineFilter
from radius.quarantine.models import QuarantinedPacket
from radius.quarantine.tables import QuarantineTable


class QuarantineList(ListPage):
    """Accounting that is in no session and no usage, newest first: for whoever asks where octets went."""

    queryset = QuarantinedPacket.objects.select_related("nas")
    table_class = QuarantineTable
    filterset_class = QuarantineFilter
    permission = "radius.sessions.view"
    title = "Problem Packets"
    confidential = "who was online, from which address and device"
    search_fields = ("username", "reason")
    search_help = "Username or reason"
    empty_icon = "circle-check"
    empty_title = "Every packet was counted"
    empty_text = "Accounting that cannot be true, or that the database refuses, is kept here and in no usage."

    def buttons(self) -> list[Button]:
        return [Button("Problem Sessions", reverse("radius:session_problems"), "alert-triangle")]
