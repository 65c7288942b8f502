"""CSV files as Excel, LibreOffice and Google Sheets write them: what each says, or the sentence.

docs/TYPING.md has the short form.
"""

from collections.abc import Sequence

import pytest

from keeper.pipeline.watches.csv_file import FileNote, RowError, WatchRow, read_watches

HEAD = "asin,domain,target_price"
GERMAN = "asin;domain;target_price\r\nB000000001;de;24,99\r\nB000000002;de;1.234,56 €\r\n"
FRENCH = "asin;domain;target_price\r\nB000000001;fr;24,99\r\nB000000002;fr;1\u202f234,56\u00a0€\r\n"
ENGLISH = 'asin,domain,target_price\r\nB000000001,us,24.99\r\nB000000002,us,"$1,234.56"\r\n'
JAPANESE = 'asin,domain,target_price\r\nB000000001,jp,1980\r\nB000000002,jp,"￥1,234,560"\r\n'
BOTH = [(2, "B000000001", 2499), (3, "B000000002", 123456)]
YEN = [(2, "B000000001", 1980), (3, "B000000002", 1234560)]

READ: dict[str, tuple[bytes, Sequence[tuple[int, str, int | None]]]] = {
    # Excel
    "Excel English, CSV": (ENGLISH.encode(), BOTH),
    "Excel English, CSV UTF-8": (ENGLISH.encode("utf-8-sig"), BOTH),
    "Excel English, Unicode text": (
        ENGLISH.replace(",", "\t").replace("1\t234", "1,234").encode("utf-16"),
        BOTH,
    ),
    "Excel German, CSV": (GERMAN.encode("cp1252"), BOTH),
    "Excel German, CSV UTF-8": (GERMAN.encode("utf-8-sig"), BOTH),
    "Excel German, Unicode text": (GERMAN.replace(";", "\t").encode("utf-16"), BOTH),
    "Excel German, with sep=": (b"sep=;\r\n" + GERMAN.encode(), BOTH),
    "Excel French, CSV": (FRENCH.replace("\u202f", "\u00a0").encode("cp1252"), BOTH),
    "Excel French, CSV UTF-8": (FRENCH.encode("utf-8-sig"), BOTH),
    "Excel French, Unicode text": (FRENCH.replace(";", "\t").encode("utf-16"), BOTH),
    "Excel Japanese, CSV UTF-8": (JAPANESE.encode("utf-8-sig"), YEN),
    "Excel for Mac, lone CR": (GERMAN.replace("\r\n", "\r").encode("utf-8"), BOTH),
    # LibreOffice
    "LibreOffice English": (ENGLISH.replace("\r\n", "\n").encode(), BOTH),
    "LibreOffice German": (GERMAN.replace("\r\n", "\n").encode(), BOTH),
    "LibreOffice French": (FRENCH.replace("\r\n", "\n").encode(), BOTH),
    "LibreOffice, all quoted": (
        b'"asin";"domain";"target_price"\n"B000000001";"de";"24,99"\n"B000000002";"de";"1234,56"\n',
        BOTH,
    ),
    "LibreOffice, tabs": (GERMAN.replace(";", "\t").encode(), BOTH),
    "LibreOffice, UTF-16 big endian": (b"\xfe\xff" + GERMAN.encode("utf-16-be"), BOTH),
    "LibreOffice, UTF-16 without mark": (GERMAN.encode("utf-16-le"), BOTH),
    "LibreOffice, UTF-16 big endian without mark": (GERMAN.encode("utf-16-be"), BOTH),
    # Google Sheets
    "Google, English CSV": (ENGLISH.replace("\r\n", "\n").rstrip().encode(), BOTH),
    "Google, German CSV": (
        f'{HEAD}\r\nB000000001,de,"24,99"\r\nB000000002,de,"1.234,56 €"'.encode(),
        BOTH,
    ),
    "Google, French CSV": (
        f'{HEAD}\r\nB000000001,fr,"24,99"\r\nB000000002,fr,"1 234,56 €"'.encode(),
        BOTH,
    ),
    "Google, TSV": (ENGLISH.replace(",", "\t").replace('"$1\t234.56"', "$1234.56").encode(), BOTH),
    # Blank rows and columns, and what people do to cells
    "blank rows": (
        f"{HEAD}\n\nB000000001,us,1\n,,\n  ,\nB000000002,us,2\n,,\n".encode(),
        [
            (3, "B000000001", 100),
            (6, "B000000002", 200),
        ],
    ),
    "rows before the header": (
        f"\n,,\n{HEAD}\nB000000001,us,1\n".encode(),
        [(4, "B000000001", 100)],
    ),
    "a blank last column": (f"{HEAD},\nB000000001,us,1,\n".encode(), [(2, "B000000001", 100)]),
    "a blank first column": (b",asin\n,B000000001\n", [(2, "B000000001", None)]),
    "semicolons after all": (b"asin;;;\nB000000001;;;\n", [(2, "B000000001", None)]),
    "one column": (b"asin\nB000000001", [(2, "B000000001", None)]),
    "bars": (b"asin|domain\nB000000001|de\n", [(2, "B000000001", None)]),
    "heads as people write them": (
        b"ASIN,Target Price,Price-Type\nB000000001,5,Amazon\n",
        [(2, "B000000001", 500)],
    ),
    "a value over two lines": (
        b'asin,rules,target_price\nB000000001,"lowest ever;\nsold out",5\nB000000002,,6\n',
        [(2, "B000000001", 500), (3, "B000000002", 600)],
    ),
    "sep= does not count": (
        b'"sep=;"\r\nasin;domain\r\nB000000001;de\r\n',
        [(2, "B000000001", None)],
    ),
    "a formula that keeps zeros": (b'asin\n"=""0306406152"""\n', [(2, "0306406152", None)]),
    "an apostrophe that keeps zeros": (b"asin\n'0306406152\n", [(2, "0306406152", None)]),
    "a quotation mark within": (b'asin\nThe 27" screen B000000001\n', [(2, "B000000001", None)]),
    "a link": (b"asin\nhttps://www.amazon.de/dp/B000000001?th=1\n", [(2, "B000000001", None)]),
    "Windows-1252 in a title": (
        "asin\nKäse https://www.amazon.de/dp/B000000001\n".encode("cp1252"),
        [(2, "B000000001", None)],
    ),
    "nothing but a header": (HEAD.encode(), []),
}

REFUSED: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    "empty": (b"", [(1, "no column asin; the first row names them: asin,domain")]),
    "no header": (b"B000000001,de\n", [(1, "unknown column(s) b000000001, de")]),
    "a header without end": (b"x" * 200_000, [(1, "field larger than field limit")]),
    "a workbook": (b"PK\x03\x04\x14\x00", [(1, "a workbook (.xlsx or .ods), not CSV; save it")]),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", [(1, "an old Excel workbook (.xls)")]),
    "Shift JIS": ("asin\nキー\n".encode("shift_jis"), [(1, "line 2 is neither UTF-8 nor Windows")]),
    "broken UTF-16": (b"\xff\xfea\x00s", [(1, "begins as UTF-16")]),
    "columns twice": (b"asin,domain,ASIN\nB000000001,de,\n", [(1, "column asin is there twice")]),
    "an unknown column": (b"asin;colour\nB000000001;red\n", [(1, "unknown column(s) colour")]),
    "a comma without quotes": (
        f"{HEAD}\nB000000001,de,24,99\nB000000002,de,5\n".encode(),
        [(2, "more values than columns; a value with the character between columns")],
    ),
    "a value without a name": (b"asin,,domain\nB000000001,x,de\n", [(2, "'x' stands in a column")]),
    "an unclosed quotation mark": (
        b'asin,domain\nB000000001,de\n"B000000002,de\nB000000003,de\n',
        [(3, "a quotation mark opens here and never closes")],
    ),
    "a quotation mark closed later": (
        b'asin,domain\n"B000000001,de\nB000000002,"\nB000000003,de\n',
        [(2, "asin runs over 2 lines; is a quotation mark missing?")],
    ),
    "an ambiguous amount": (
        b"asin;domain;target_price\nB000000001;de;1.230\n",
        [(2, "can mean \u20ac1,230.00 or \u20ac1.23")],
    ),
    "a rounded number": (b"asin\n9.78316E+12\n", [(2, "a spreadsheet rounded")]),
    "a dropped zero": (b"asin\n306406152\n", [(2, "write 0306406152")]),
    "a short link": (b"asin\nhttps://amzn.eu/d/0abc123\n", [(2, "is a short link")]),
    "row numbers count blank rows": (b"asin\n\n,\nx\n", [(4, "'x' is not an ASIN")]),
    "no asin": (b"asin,domain\n,de\n", [(2, "'' is not an ASIN")]),
}


@pytest.mark.parametrize(("content", "rows"), READ.values(), ids=READ)
def test_a_file_is_read(content: bytes, rows: Sequence[tuple[int, str, int | None]]) -> None:
    read = [row for row in read_watches(content) if not isinstance(row, FileNote)]

    assert [row for row in read if isinstance(row, RowError)] == []
    assert [
        (row.row, row.watch.asin, row.watch.target_minor)
        for row in read
        if isinstance(row, WatchRow)
    ] == list(rows)


@pytest.mark.parametrize(("content", "errors"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_named_by_its_row(
    content: bytes, errors: list[tuple[int, str]]
) -> None:
    found = [row for row in read_watches(content) if isinstance(row, RowError)]

    assert [row.row for row in found] == [row for row, _ in errors]
    for row, (_, sentence) in zip(found, errors, strict=True):
        assert sentence in row.reason


def test_a_bad_row_costs_only_itself() -> None:
    read = list(read_watches(f"{HEAD}\nB000000001,de,24,99\nB000000002,de,5\n".encode()))

    assert [type(row) for row in read] == [RowError, WatchRow]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("asin\nKäse B000000001\n".encode("cp1252"), "not UTF-8 (line 2); it was read as Windows"),
        (b"asin\n9780306406157\n", "9780306406157 is the ASIN 0306406152"),
        (b"asin\nB000000001\nB000000002\nb000000001\n", "the same watch as in row 2;"),
    ],
    ids=["an encoding", "an ISBN", "a duplicate"],
)
def test_what_was_decided_is_said(content: bytes, note: str) -> None:
    said = [
        text
        for row in read_watches(content)
        if not isinstance(row, RowError)
        for text in ([row.text] if isinstance(row, FileNote) else row.notes)
    ]

    assert len(said) == 1
    assert note in said[0]


@pytest.mark.parametrize(
    ("word", "is_with"),
    [("yes", True), ("TRUE", True), ("WAHR", True), ("vrai", True), ("falsch", False)],
)
def test_spreadsheets_write_what_is_true_in_their_language(word: str, is_with: bool) -> None:
    (row,) = read_watches(f"asin;with_shipping\nB000000001;{word}\n".encode())

    assert isinstance(row, WatchRow)
    assert row.watch.with_shipping is is_with


def test_a_short_link_is_opened_when_asked() -> None:
    opened = []

    def follow(link: str) -> str:
        opened.append(link)
        return "https://www.amazon.de/dp/B000000001"

    (row,) = read_watches(b"asin\nSee https://amzn.eu/d/0abc123.\n", follow=follow)

    assert isinstance(row, WatchRow)
    assert (row.watch.asin, row.watch.domain) == ("B000000001", "de")
    assert row.notes == ("https://amzn.eu/d/0abc123 is B000000001 on amazon.de",)
    assert opened == ["https://amzn.eu/d/0abc123"]
