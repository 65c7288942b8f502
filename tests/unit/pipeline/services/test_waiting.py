"""Waiting for a service that does not answer yet."""

from collections.abc import Callable

import pytest

from keeper.errors import SettingsError, TransientError
from keeper.pipeline.services.waiting import waiting_for


def no_sleep(seconds: float) -> None:
    pytest.fail(f"it slept {seconds} s")


def answering_after(failures: int) -> Callable[[], str]:
    left = [failures]

    def ask() -> str:
        if left[0]:
            left[0] -= 1
            raise TransientError("nobody is there")
        return "here"

    return ask


def test_pauses_double_up_to_ten_seconds_and_each_is_said_with_its_reason() -> None:
    said: list[str] = []
    pauses: list[float] = []

    answer = waiting_for("the store", on_wait=said.append, sleep=pauses.append)(answering_after(8))

    assert answer == "here"
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10, 10]
    assert said == ["waiting for the store, 0 s: nobody is there"] * 8


def test_a_service_that_answers_is_not_waited_for() -> None:
    waiting = waiting_for("the store", on_wait=pytest.fail, sleep=no_sleep)

    assert waiting(answering_after(0)) == "here"


def test_waiting_has_an_end_where_one_is_given() -> None:
    said: list[str] = []
    waiting = waiting_for("the store", on_wait=said.append, timeout_s=0, sleep=no_sleep)

    with pytest.raises(TransientError, match="nobody is there"):
        waiting(answering_after(1))
    assert said == []


def test_what_waiting_does_not_cure_is_not_waited_for() -> None:
    def refuse() -> None:
        raise SettingsError("wrong password")

    with pytest.raises(SettingsError):
        waiting_for("the store", on_wait=pytest.fail, sleep=no_sleep)(refuse)
