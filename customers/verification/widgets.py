"""The state of verification on the profile."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget


class VerificationState(Widget):
    """Verified or not, by what, until when."""

    name, title, icon = "verification", "Verification", "id-badge"
    template_name = "customers/verification/_widget.html"
    permission = "customers.view"
    column, weight = 1, 15

    def context(self) -> Mapping[str, Any]:
        rows = self.obj.verifications.select_related("verified_by", "proof_of_address", "revoked_by")
        last = rows.prefetch_related("documents").first()
        today = clock.local_day(clock.now())
        return {"last": last, "valid": last is not None and last.is_valid(today), "today": today}

    def buttons(self) -> list[Button]:
        verify = reverse("customers:customer_verify", args=[self.obj.pk])
        found = [Button("Verify", verify, "id-badge", permission="customers.verify", modal=True)]
        if self.obj.verifications.standing().exists():
            revoke = reverse("customers:customer_verification_revoke", args=[self.obj.pk])
            found.append(Button("Revoke", revoke, "id-off", permission="customers.verify", modal=True))
        return found
