"""Tokens say what they are and whether they are whole, and nobody guesses one."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.users.secrets import TOKEN_PREFIX, digest_of, is_token, new_secret, new_token


def test_a_token_says_what_it_is_and_is_whole() -> None:
    token = new_token()
    assert token.startswith("keeper_pat_")
    assert len(token) == len(TOKEN_PREFIX) + 46
    assert is_token(token)


def test_no_two_are_alike() -> None:
    assert (
        len({new_token() for _ in range(1000)}) == len({new_secret() for _ in range(1000)}) == 1000
    )


@given(place=st.integers(0, 56), letter=st.sampled_from("0Aaz_é "))
def test_a_mistyped_token_is_noticed(place: int, letter: str) -> None:
    token = "keeper_pat_" + "0123456789" * 4 + check_of("0123456789" * 4)
    assert is_token(token)
    mistyped = token[:place] + letter + token[place + 1 :]
    assert is_token(mistyped) == (mistyped == token)


def check_of(body: str) -> str:
    """Find the check of a body, as nothing but a whole token has it."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number, figures = zlib.crc32(f"keeper_pat_{body}".encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        figures = letters[rest] + figures
    return figures


@pytest.mark.parametrize("text", ["", "keeper_pat_", "ghp_" + "0" * 46, "keeper_pat_" + "0" * 500])
def test_other_texts_are_none(text: str) -> None:
    assert not is_token(text)


def test_only_a_digest_is_kept() -> None:
    assert len(digest_of("a")) == 32
    assert digest_of("a") != digest_of("b")
