"""An acknowledged packet is stored, whenever the responder is killed (the bench does it 500 times)."""

import pytest

from bench.kill import Responder, Storm, missing
from tests import builders
from tests.radius.conftest import database_url, free_port
from tests.radius.packets import SECRET

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.feature("W-4")
def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    builders.nas(secret=SECRET.decode())
    names = [builders.data_account().username for _ in range(8)]
    port = free_port()
    with Responder(port, {"DATABASE_URL": database_url(), "RADIUS_SPOOL_DIR": str(tmp_path)}) as responder:
        storm = Storm(port, SECRET, names)
        result = storm.rage(responder, kills=12)
    found = missing(storm)
    assert result["kills"] == 12
    assert result["unanswered"] == 0
    assert result["acknowledged"] > 500
    assert (found["missing"], found["octets_off"]) == (0, 0)
    assert found["stored"] == result["sent"]
