"""Answers in memory: never one from before a change, and never too many."""

import random
import string
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from keeper.console.cache.memory import Kept, MemoryCache


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def answer(text: str = "x") -> Kept:
    return Kept(text.encode(), None, "application/json")


def test_an_answer_is_kept_until_one_of_its_subjects_changes() -> None:
    cache = MemoryCache()
    assert cache.keep("k", answer(), ["a", "b"], cache.mark())
    assert cache.keep("other", answer(), ["c"], cache.mark())
    assert cache.get("k") == answer()
    cache.drop(["b"])
    assert cache.get("k") is None
    assert cache.get("other") == answer()
    cache.drop_all()
    assert cache.get("other") is None


def test_an_answer_read_before_a_change_is_not_kept_after_it() -> None:
    cache = MemoryCache()
    mark = cache.mark()
    cache.drop(["a"])
    assert not cache.keep("k", answer(), ["a"], mark)
    assert cache.keep("k", answer(), ["b"], mark)
    cache.drop_all()
    assert not cache.keep("k", answer(), ["b"], mark)
    assert cache.keep("k", answer(), ["a"], cache.mark())


def test_an_answer_ages_and_the_least_used_makes_room() -> None:
    seconds = Seconds()
    cache = MemoryCache(most_bytes=3_500, seconds=seconds)
    for key in "abc":
        cache.keep(key, answer(), [key], cache.mark())
    assert cache.get("a")
    cache.keep("d", answer(), ["d"], cache.mark())
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
    assert not cache.keep("huge", answer("x" * 4_000), ["a"], cache.mark())
    seconds.now = 60
    assert [key for key in "abcd" if cache.get(key)] == []


def test_changes_that_are_forgotten_count_for_everything_read_before_them() -> None:
    cache = MemoryCache()
    mark = cache.mark()
    cache.drop(["a"])
    cache.drop([f"s{number}" for number in range(100_000)])
    assert not cache.keep("k", answer(), ["a"], mark)


@given(st.lists(st.tuples(st.sampled_from("rkdx"), st.integers(0, 3)), max_size=40))
def test_whatever_comes_between_no_answer_is_of_before_a_change(
    steps: list[tuple[str, int]],
) -> None:
    cache = MemoryCache(most_bytes=2_500)
    values = dict.fromkeys(range(4), 0)
    reads: list[tuple[int, int, int]] = []
    for step, number in steps:
        if step == "r":
            reads.append((number, cache.mark(), values[number]))
        elif step == "k" and reads:
            subject, mark, value = reads.pop(random.Random(number).randrange(len(reads)))
            cache.keep(string.ascii_letters[subject], answer(str(value)), [str(subject)], mark)
        elif step == "d":
            values[number] += 1
            cache.drop([str(number)])
        elif step == "x":
            values = {key: value + 1 for key, value in values.items()}
            cache.drop_all()
        for subject, value in values.items():
            kept = cache.get(string.ascii_letters[subject])
            assert kept is None or kept.body == str(value).encode()
