"""The deliberate faults: one patch a file beside this one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

FOLDER: Final = Path(__file__).parent
_FIELD: Final = re.compile(r"^(What|Tests): (.+)$", re.MULTILINE)


class PatchError(Exception):
    """A patch lacks something or does not apply."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of the product that its tests must notice.

    Attributes:
        path: The patch.
        what: What goes wrong by it, in a sentence.
        tests: Node ids of the tests that must fail; without a parameter in brackets, some case.
    """

    path: Path
    what: str
    tests: tuple[str, ...]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a patch; git takes no notice of what stands before its first `---`.

        Raises:
            PatchError: It does not say what goes wrong, or which tests must fail.
        """
        head, separator, _ = path.read_text(encoding="utf-8").partition("\n--- ")
        found = _FIELD.findall(head)
        what = [text for name, text in found if name == "What"]
        tests = tuple(text for name, text in found if name == "Tests")
        if not separator or len(what) != 1 or not tests:
            raise PatchError(f"{path.name}: begins with one line `What:` and some `Tests:`")
        return cls(path, what[0], tests)

    @property
    def name(self) -> str:
        """The patch's file name without its ending."""
        return self.path.stem

    @property
    def suites(self) -> str:
        """The suites that must catch it."""
        return ", ".join(sorted({test.split("/")[1] for test in self.tests}))

    def missed_by(self, outcomes: Mapping[str, str]) -> list[str]:
        """Return those of its tests of which no case failed."""
        failed = [one for one, outcome in outcomes.items() if outcome == "failed"]
        return [test for test in self.tests if not cases(test, failed)]


def cases(test: str, node_ids: Iterable[str]) -> list[str]:
    """Return the node ids that a test's name stands for: itself, or all its parametrized cases."""
    return [one for one in node_ids if one == test or one.startswith(f"{test}[")]


def read_faults(chosen: Iterable[str] = ()) -> list[Fault]:
    """Return all faults, or those whose names begin with one of the words.

    Raises:
        PatchError: A patch cannot be read, or a word stands for none.
    """
    faults = [Fault.from_file(path) for path in sorted(FOLDER.glob("*.patch"))]
    words = tuple(chosen)
    for word in words:
        if not any(fault.name.startswith(word) for fault in faults):
            raise PatchError(f"no patch's name begins with {word}")
    return [fault for fault in faults if not words or fault.name.startswith(words)]
