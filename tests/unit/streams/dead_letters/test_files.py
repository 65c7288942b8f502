"""Which dead letters a file of an export has."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from keeper.streams.dead_letters.box import StoredLetter
from keeper.streams.dead_letters.files import exported_to, read_letters, write_letters

HEADERS = {
    "consumer-group": "loader",
    "origin-topic": "prices",
    "origin-partition": "0",
    "origin-offset": "5",
    "time": "2026-03-01T12:00:00+00:00",
}
LETTER = StoredLetter(
    "prices", 0, 900, datetime(2026, 3, 1, 12, tzinfo=UTC), HEADERS, b"key", b"rubbish"
)


def test_a_letter_is_known_again_wherever_it_lies_and_another_at_its_place_is_not(
    tmp_path: Path,
) -> None:
    file = tmp_path / "letters.jsonl"
    with file.open("wb") as target:
        write_letters([LETTER, replace(LETTER, topic="deals")], target)
        target.write(b'{"topic":"pri')

    known = exported_to(file, "prices")

    assert known == {LETTER.identity}
    assert replace(LETTER, offset=3).identity in known
    assert replace(LETTER, headers=HEADERS | {"origin-offset": "6"}).identity not in known
    assert [letter.topic for letter in read_letters(file)] == ["prices", "deals"]
    assert file.read_bytes().endswith(b"}\n")


def test_letters_of_another_program_differ_by_anything_there_is_of_them() -> None:
    foreign = replace(LETTER, headers={"reason": "no JSON"})

    assert foreign.identity == replace(foreign, offset=3, sent_at=None).identity
    assert foreign.identity != replace(foreign, value=b"other").identity
    assert foreign.identity != replace(foreign, headers={"reason": "too large"}).identity
