"""Every reject code has what people need: a sentence, a Reply-Message, a test that provokes it (W-3)."""

import pytest

from radius.policy import codes, gates, replies
from radius.policy.decision import decide
from radius.server.explaining import explain
from radius.server.remedies import REMEDIES
from radius.wire.attributes import encode
from tests.radius.subscribers import ALICE, LOGIN, NOW
from tests.radius.test_decision import CASES, UNCHECKED

pytestmark = pytest.mark.feature("W-3")

PROVOKED = {code for code, _, _ in CASES} | {*UNCHECKED, "UNKNOWN_USER"}


@pytest.mark.parametrize("code", codes.REASONS)
def test_a_code_is_explained_told_and_tested(code):
    reason = codes.REASONS[code]
    assert reason.sentence.endswith(".")
    assert reason.message.endswith(".")
    assert encode(replies.reject(code))
    assert code not in reason.sentence + reason.message
    assert code in PROVOKED, "add a row to CASES in tests/radius/test_decision.py"


def test_nothing_is_provoked_that_is_no_code():
    assert set(codes.REASONS) == PROVOKED


def test_every_gate_says_in_its_own_words_that_it_is_open_and_what_opens_it():
    lines = explain([gate._asdict() for gate in decide(ALICE, LOGIN, NOW).trace])
    assert len(lines) == len(gates.GATES)
    assert "Open." not in {line.sentence for line in lines}
    assert len({line.sentence for line in lines}) == len(lines)
    assert {line.name for line in lines} == set(REMEDIES)
