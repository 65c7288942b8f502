"""Dead letters as lines of JSON: out of a topic before its retention takes them, and back.

A line holds a letter whole: where it lay, its headers, and its key and message in Base64.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from keeper.errors import TerminalError
from keeper.streams.dead_letters.box import LetterIdentity, StoredLetter

_ENCODER: Final = msgspec.json.Encoder()


class NotALetterError(TerminalError):
    """A line is no dead letter; its number is named."""


class LetterLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of such a file; see StoredLetter."""

    topic: str
    partition: int
    offset: int
    sent_at: datetime | None
    headers: dict[str, str]
    key: bytes | None
    value: bytes | None

    def letter(self) -> StoredLetter:
        """Return the letter."""
        return StoredLetter(**msgspec.structs.asdict(self))


_DECODER: Final = msgspec.json.Decoder(LetterLine)


def write_letters(letters: Iterable[StoredLetter], target: BinaryIO) -> int:
    """Write letters, a line each, and return how many they were."""
    count = 0
    for letter in letters:
        line = LetterLine(**asdict(letter))
        # A line whole at once: what is cut off has no end of line.
        target.write(_ENCODER.encode(line) + b"\n")
        count += 1
    return count


def read_letters(path: Path) -> Generator[StoredLetter]:
    """Yield a file's letters; a last line that an interrupted export has cut is left out.

    Raises:
        NotALetterError: Another line is no letter.
    """
    for number, line in enumerate(_whole_lines(path), 1):
        try:
            yield _DECODER.decode(line).letter()
        except msgspec.DecodeError as error:
            raise NotALetterError(f"line {number} of {path} is no dead letter: {error}") from None


def exported_to(path: Path, topic: str) -> set[LetterIdentity]:
    """Return which letters of a topic a file has, and cut what is torn.

    Where they lay says nothing: in a Kafka made anew offsets begin again, and an earlier export may
    have left some out.

    Raises:
        NotALetterError: It is no file of an export.
    """
    if not path.exists():
        return set()
    found = {letter.identity for letter in read_letters(path) if letter.topic == topic}
    whole = sum(map(len, _whole_lines(path)))
    with path.open("r+b") as file:
        file.truncate(whole)
    return found


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))
