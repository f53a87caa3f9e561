"""What was sent to bring live sessions in line, on the pages of a data account and of a session."""

from collections.abc import Mapping
from typing import Any

from ispbilling.core.registries import Widget
from radius.coa.models import CoaAttempt
from radius.coa.tables import CoaTable

SHOWN = 10


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
    """The same for one session."""

    def attempts(self) -> Any:
        return CoaAttempt.objects.filter(session=self.obj)
