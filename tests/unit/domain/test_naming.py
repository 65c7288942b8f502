"""The first few names in a sentence."""

from keeper.domain.naming import some_of


def test_only_the_first_few_are_named() -> None:
    assert some_of(()) == ""
    assert some_of(("a", "b", "c")) == "a, b, c"
    assert some_of(("a", "b", "c", "d")) == "a, b, c, …"
    assert some_of(["a", "b"], 1) == "a, …"
