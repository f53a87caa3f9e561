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
    said = {"session_id": "81a00007", "input_octets": 1 << 61, "framed_ip": None, "status": 3}
    QuarantinedPacket.objects.create(
        at=now(), nas=nas, username="alice@isp.test", reason="counters beyond an exbibyte", report=said
    )
    page = as_manager.get(reverse("radius:quarantine_list"), {"q": "alice"}).content.decode()
    words = (
        "Tower 7", "Counters beyond an exbibyte", "session id 81a00007", f"input octets {1 << 61}", "status Interim",
    )  # fmt: skip
    for text in words:
        assert text in page
    assert "framed ip" not in page


@pytest.mark.feature("W-4")
def test_a_packet_says_whether_its_nas_is_gone_or_was_never_recorded(as_manager: Client) -> None:
    for nas_id in (None, 4711):
        QuarantinedPacket.objects.create(at=now(), nas_id=nas_id, username="alice", reason="odd", report={})
    page = as_manager.get(reverse("radius:quarantine_list")).content.decode()
    assert ("not recorded" in page, "a NAS that is gone" in page) == (True, True)


def test_problem_packets_and_problem_sessions_lead_to_each_other(as_manager: Client) -> None:
    pages = [reverse("radius:quarantine_list"), reverse("radius:session_problems")]
    for here, there in (pages, pages[::-1]):
        head = as_manager.get(here).content.decode().partition('class="page-head-buttons')[2]
        assert there in head.partition("list-toolbar")[0]
