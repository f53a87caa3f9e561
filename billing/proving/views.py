"""The proof of the books on screen: the anchors, the last verification, and having one made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.ledger.models import ChainHead, Posting
from billing.proving import anchoring, verifying
from billing.proving.models import Anchor, Verification, VerificationState
from billing.proving.tables import AnchorTable
from billing.recurring.models import BillingSettings
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, ListPage

VIEW, VERIFY = "billing.trial.view", "billing.proof.verify"


class LedgerProof(ListPage):
    """Anchors under the verification; while one runs its bar asks for itself again."""

    queryset = Anchor.objects.all()
    table_class = AnchorTable
    permission = VIEW
    title = "Proof"
    template_name = "billing/proof.html"
    empty_icon = "anchor"
    empty_title = "No anchor yet"
    empty_text = "Once a day the end of the ledger's chain is written down here, in a file and by mail."

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.partial == "verification":
            return self.answer("billing/_verification.html", **self.verification())
        return super().get(request, *args, **kwargs)

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Trial Balance", reverse("billing:trial_balance"))]

    def buttons(self) -> list[Button]:
        return [
            Button(
                "Verify Now",
                reverse("billing:ledger_verify"),
                "shield-check",
                "primary",
                VERIFY,
                modal=True,
            )
        ]

    def verification(self) -> dict[str, Any]:
        last = Verification.objects.select_related("asked_by").first()
        busy = last is not None and last.state == VerificationState.WAITING
        return {
            "last": last,
            "busy": busy,
            "progress": progress(last, clock.now()) if busy and last else None,
        }

    def results(self) -> dict[str, Any]:
        return {**super().results(), **self.verification(), "facts": self.facts()}

    def facts(self) -> list[tuple[str, str]]:
        """Where copies of the anchors go."""
        mailed = ", ".join(BillingSettings.get().anchor_addresses)
        file = anchoring.place()
        head = ChainHead.objects.get(pk=1)
        return [
            ("End of the chain", f"seal {head.seq:,}"),
            ("Mailed to", mailed or "Nobody: add addresses to the billing settings"),
            ("File", str(file) if file else "None: set LEDGER_ANCHOR_DIR to a directory on another disk"),
        ]


def progress(one: Verification, now: datetime) -> Mapping[str, Any]:
    """The context of `ui/progress.html`."""
    done, total = min(one.postings, one.expected), one.expected
    seconds = max((now - one.asked_at).total_seconds(), 1)
    left = f", about {round(seconds / done * (total - done))} s left" if done else ""
    return {
        "url": reverse("billing:ledger_proof"),
        "done": done,
        "total": total,
        "percent": 100 * done // total if total else 0,
        "label": f"Verifying postings{left}" if done else "Waiting for a worker",
        "poll": False,
    }


class LedgerVerify(ActionPage):
    """Have everything recomputed in the background."""

    permission = VERIFY
    title = "Verify the Books"
    submit_label, submit_icon = "Verify Now", "shield-check"
    success_url_name = "billing:ledger_proof"

    def find(self) -> ChainHead:
        return ChainHead.objects.get(pk=1)

    def consequences(self, obj: ChainHead) -> list[str]:
        return [
            f"{counted(Posting.objects.count(), 'posting')} and all paper are recomputed and compared with"
            f" {counted(Anchor.objects.count(), 'anchor')}.",
            "Nothing is changed, and nothing waits for it; the page shows how far it is.",
        ]

    def act(self, obj: ChainHead, form: Any, actor: Any) -> Verification:
        return verifying.ask(clock.now(), actor=actor)

    def done(self, obj: ChainHead, result: Verification) -> str:
        return "The books are being verified."

    def came_from(self) -> str:
        return ""

    def close_url(self) -> str:
        return reverse("billing:ledger_proof")

    def success_url(self, obj: ChainHead, result: Verification) -> str:
        return reverse("billing:ledger_proof")
