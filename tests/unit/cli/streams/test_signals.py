"""Workers end in order when they are asked to, and leave the signals as they were."""

import os
import signal

import pytest

from keeper.cli.streams.workers import stopped_by_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_block_and_is_given_back_after_it(number: signal.Signals) -> None:
    former = signal.getsignal(number)
    stopped = []
    with stopped_by_signals(lambda: stopped.append(number)):
        os.kill(os.getpid(), number)
        assert stopped == [number]
    assert signal.getsignal(number) is former


def test_they_are_given_back_also_after_an_error() -> None:
    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError), stopped_by_signals(lambda: None):
        raise RuntimeError
    assert signal.getsignal(signal.SIGTERM) is former
