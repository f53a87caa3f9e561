"""Problem Packets: what could not be counted, for whoever looks for it."""

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from radius.models import QuarantinedPacket
from tests import builders


@pytest.mark.feature("W-4")
def test_staff_find_packets_that_were_not_counted_and_what_they_said(as_manager: Client) -> None:
    nas = builders.nas(name="Tower 7")
    said = {"session_id": "81a00007", "input_octets": 1 << 61, "framed_ip": None}
    QuarantinedPacket.objects.create(
        at=now(), nas=nas, username="alice@isp.test", reason="counters beyond an exbibyte", report=said
    )
    page = as_manager.get(reverse("radius:quarantine_list"), {"q": "alice"}).content.decode()
    for text in ("Tower 7", "counters beyond an exbibyte", "session_id 81a00007", f"input_octets {1 << 61}"):
        assert text in page
    assert "framed_ip" not in page
    assert (
        reverse("radius:quarantine_list")
        in as_manager.get(reverse("radius:session_history")).content.decode()
    )
