"""The event log (permission `events.view`)."""

from ispbilling.core.log.filters import EventFilter
from ispbilling.core.log.tables import EventTable
from ispbilling.core.models import Event
from ispbilling.core.views import ListPage


class EventList(ListPage):
    queryset = Event.objects.select_related("actor")
    table_class = EventTable
    filterset_class = EventFilter
    permission = "events.view"
    title = "Events"
    search_fields = ("label", "kind")
    search_help = "Name, code or kind of event"
    empty_icon = "history"
    empty_text = "Every change is written here: who, what, when."
