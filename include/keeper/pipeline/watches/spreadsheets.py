"""Rows of a CSV file as spreadsheets of several countries write it.

Excel writes what its country's settings say: semicolons where the comma divides decimals, the code
page of Windows unless asked for UTF-8, UTF-16 with tabs as "Unicode text". LibreOffice and Google
Sheets write commas and UTF-8, or what is chosen.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from keeper.domain.plain_text import plain_text

_DELIMITERS: Final = ",;\t|"
_BINARY: Final = {
    b"PK\x03\x04": "a workbook (.xlsx or .ods)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed",
}
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATOR_LINE: Final = re.compile(r"\"?sep=(.)\"?[,;\t|]*(?:\r\n|\r|\n|$)", re.IGNORECASE)
_FORMULA: Final = re.compile(r"=\"(?P<text>[^\"]*)\"")
"""How people keep a spreadsheet from dropping zeros."""


class UnreadableFileError(ValueError):
    """The file is no CSV file that can be read."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of a CSV file and how it was read.

    Attributes:
        text: Without byte order mark and `sep=` line.
        delimiter: What stands between values.
        note: What to say of how it was read; None for UTF-8 and UTF-16.
    """

    text: str
    delimiter: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank.

    Attributes:
        number: As the spreadsheet shows it; a `sep=` line does not count, as Excel hides it.
        cells: What it holds, without blanks at its end.
        problem: Why it could not be read; None if it was.
    """

    number: int
    cells: tuple[str, ...]
    problem: str | None = None


def open_sheet(content: bytes, columns: Sequence[str]) -> Sheet:
    """Decode a file and find out what divides its values.

    Args:
        content: The whole file.
        columns: Names its header may have; the delimiter that yields most of them is right.

    Raises:
        UnreadableFileError: One sentence that says what it is instead and what to do.
    """
    text, note = _decode(content)
    if given := _SEPARATOR_LINE.match(text):
        return Sheet(text[given.end() :], given[1], note)
    header = next((line for line in text.splitlines() if line.strip(",;\t| ")), "")

    def known(delimiter: str) -> int:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            # A value that no file has: what it is says rows_of, by its row.
            return 0
        return sum(column_name(name) in columns for name in names)

    return Sheet(text, max(_DELIMITERS, key=known), note)


def rows_of(sheet: Sheet) -> Iterator[Row]:
    """Yield the rows that are not blank, each with its number or with why it could not be read."""
    reader = csv.reader(
        io.StringIO(sheet.text, newline=""),
        delimiter=sheet.delimiter,
        skipinitialspace=sheet.delimiter != "\t",
        strict=True,
    )
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = str(error)
            if "unexpected end" in problem:
                problem = (
                    "a quotation mark opens here and never closes; nothing from here on was read"
                )
            yield Row(number, (), problem)
            continue
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield Row(number, tuple(map(_shown, cells)))


def column_name(text: str) -> str:
    """Return the name of a column as a person may head it: "Target price" is target_price."""
    return re.sub(r"[ -]+", "_", plain_text(text).lower())


def _shown(cell: str) -> str:
    formula = _FORMULA.fullmatch(cell.strip())
    return formula["text"] if formula else cell.removeprefix("'")


def _decode(content: bytes) -> tuple[str, str | None]:
    for start, what in _BINARY.items():
        if content.startswith(start):
            raise UnreadableFileError(f"the file is {what}, not CSV; save it as CSV in UTF-8")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], encoding), None
    # ASCII in UTF-16 has a zero in every other byte.
    if len(content) >= 4 and content[1:8:2].strip(b"\0") == b"":
        return _strictly(content, "utf-16-le"), None
    if len(content) >= 4 and content[0:8:2].strip(b"\0") == b"":
        return _strictly(content, "utf-16-be"), None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise UnreadableFileError(
            f"line {line} is neither UTF-8 nor Windows-1252; save the file as CSV in UTF-8"
        ) from None
    return text, f"the file is not UTF-8 (line {line}); it was read as Windows-1252"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise UnreadableFileError(
            f"the file begins as {name}, but byte {error.start} is none; save it as CSV in UTF-8"
        ) from None
