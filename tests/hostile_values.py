"""Values that break what reads them carelessly."""

import json
from typing import Final
from urllib.parse import quote

LONE_SURROGATE: Final = "\ud800"
FIRST_MOMENT: Final = "0001-01-01T00:00:00+23:59"
LAST_MOMENT: Final = "9999-12-31T23:59:59.999999-23:59"
"""In UTC both are out of what Python and others know."""
_LONG: Final = "x" * 100_000
_DEEP: Final = 100_000

HOSTILE_TEXTS: Final = {
    "NUL": "%00",
    "half a character": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "2^63": str(2**63),
    "negative": str(-(2**63) - 1),
    "endless number": "9" * 5_000,
    "not a number": "NaN",
    "long": "x" * 20_000,
    "line end": "%0D%0AX-Evil:%201",
    "up": "..%2F..%2Fetc",
    "quotes": "%27%22%3B--",
    "wildcards": "%25_%2A%5C",
    "turned writing": quote("\u202e\ufeff\u2028"),
    "first moment": quote(FIRST_MOMENT),
    "last moment": quote(LAST_MOMENT),
    "empty": "",
}
"""By what they are: values of parameters in addresses, as they are sent."""
HOSTILE_JSON: Final = {
    "NUL": json.dumps("a\0b"),
    "half a character": json.dumps(LONE_SURROGATE),
    "2^63": str(2**63),
    "endless number": "9" * 4_000,
    "beyond any number": "1e400",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "long": json.dumps(_LONG),
    "turned writing": json.dumps("\u202e\ufeff\u2028"),
    "deep": "[" * 500 + "]" * 500,
    "null": "null",
    "empty text": '""',
    "empty list": "[]",
    "empty object": "{}",
    "list of nothing": "[null]",
    "truth": "true",
    "first moment": json.dumps(FIRST_MOMENT),
    "last moment": json.dumps(LAST_MOMENT),
    "object of not a number": '{"isLowest": NaN, "page": 1e400}',
    "object of NUL": r'{"titleSearch": "\u0000", "\u0000": 1}',
    "object of halves": r'{"titleSearch": "\ud800", "\ud800": 1}',
    "object of endless numbers": '{"currentRange": [' + "9" * 4_000 + ", 1]}",
    "deep object": '{"a":' * 500 + "1" + "}" * 500,
}
"""By what they are: values of a body's properties, as they are sent."""
HOSTILE_BODIES: Final[dict[str, tuple[str, bytes]]] = {
    "nothing": ("application/json", b""),
    "null": ("application/json", b"null"),
    "half": ("application/json", b'{"a": '),
    "deep": ("application/json", b"[" * _DEEP),
    "deep and whole": ("application/json", b'{"a":' * _DEEP + b"1" + b"}" * _DEEP),
    "no UTF-8": ("application/json", b'{"a": "\xff\xfe"}'),
    "UTF-16": ("application/json", '{"name": "x"}'.encode("utf-16")),
    "half a character": ("application/json", rb'{"\ud800": "\ud800"}'),
    "NUL": ("application/json", b"\0"),
    "endless number": ("application/json", b"9" * 10_000),
    "XML": ("application/xml", b"<a/>"),
    "form": ("application/x-www-form-urlencoded", b"a=1&b=%00"),
    "parts": ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
    "parts without an end": ("multipart/form-data", b"--x"),
    "no type": ("", b'{"name": "x"}'),
    "odd type": ("application/json; charset=\xff", b'{"name": "x"}'),
    "text": ("text/csv", b'asin\0,\xff\n=1+1,"\n'),
    "long": ("application/json", b'"' + b"x" * 1_900_000 + b'"'),
    "too long": ("application/json", b'"' + b"x" * 2_100_000 + b'"'),
}
"""By what they are: type and content of whole bodies."""
HOSTILE_KEYS: Final = (
    "",
    "x",
    "x|y",
    "-1:-1",
    "999999999:999999999999999999 0:0",
    "²:1",
    "9" * 5_000,
    "9" * 5_000 + "|" + "0" * 32,
    "9223372036854775808|" + "0" * 32,
    "NaN",
    "Infinity",
    "1e400",
    FIRST_MOMENT,
    LAST_MOMENT,
    "us B00EXAMPL0",
    "\u202e\ufeff ",
)
"""Where pages are said to begin, in cursors that look whole."""
CURSOR_ORDERS: Final = ("-id", "id", "asin", "place", "-started_at")
