"""A fake on a socket and both clients, driven at random against a model of what must hold.

The model knows what was queued and stubbed, how the fake's model was told to be, and what the router
believes of its health. From that it foretells each answer: its tokens, its error, what is left of queue and
stubs. Both clients ask, and both must get what was foretold; afterwards every permit is free.

For a longer run: `AGREEMENT_EXAMPLES=1000 pytest tests/agreement/test_machine.py --timeout=0`.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from ..sweeps import examples
from .asking import Asking
from .doing import Doing
from .troubling import Troubling

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", examples(25)))
FEW = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Machine(Doing, Asking):
    """Requests, queued generations, stubs, a sick model, resets."""


class TroubledMachine(Doing, Asking, Troubling):
    """The same, and now and then something goes wrong between the fake and its clients."""


class TestMachine(Machine.TestCase):
    settings = FEW


@pytest.mark.damages_answers
class TestTroubledMachine(TroubledMachine.TestCase):
    settings = FEW
