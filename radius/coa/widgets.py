"""What was sent to bring live sessions in line, on the pages of a data account and of a session."""

from collections.abc import Mapping
from typing import Any

from ispbilling.core import clock
from ispbilling.core.registries import Widget
from radius.coa import asking
from radius.coa.models import CoaAttempt, CoaRequest, Kind
from radius.coa.tables import CoaTable

SHOWN, ASKED_SHOWN = 10, 3


class LineCoaWidget(Widget):
    """The last disconnects of a data account's sessions, and what the NAS answered."""

    name, title, icon = "coa", "Disconnects", "plug-connected-x"
    template_name = "radius/_table_widget.html"
    permission = "radius.sessions.view"
    column, weight = 2, 60

    def attempts(self) -> Any:
        return CoaAttempt.objects.filter(session__data_account=self.obj)

    def context(self) -> Mapping[str, Any]:
        rows = list(self.attempts()[:SHOWN])
        return {"table": CoaTable(rows), "empty": "Nothing was sent to a NAS."}


class SessionCoaWidget(LineCoaWidget):
    """The same for one session, with what staff asked for; asks again every second until it is answered."""

    title = "Sent to the NAS"
    template_name = "radius/_session_coa_widget.html"

    def attempts(self) -> Any:
        return CoaAttempt.objects.filter(session=self.obj)

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        requests = (
            CoaRequest.objects.filter(session=self.obj).exclude(kind=Kind.PROBE).select_related("asked_by")
        )
        asked = [(one, asking.state(one, now), asking.waits(one, now)) for one in requests[:ASKED_SHOWN]]
        self.refresh = 1 if any(waits for _one, _sentence, waits in asked) else None  # type: ignore[misc]
        return {**super().context(), "asked": asked}
