"""`keeper keepa decode`."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keeper.cli.tokens.keepa import app
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.sources.keepa.products.decode import decode_products

PRODUCT: dict[str, Any] = {
    "asin": "B00EXAMPLE",
    "domainId": 3,
    "csv": [[10, 1999, 20, -1], None, None, [15, 4711], *[None] * 14, [10, 1999, -1]],
}
LINES = [
    '{"asin":"B00EXAMPLE","domain":"de","price_type":"AMAZON",'
    '"observed_at":"2011-01-01T00:10:00Z","price_minor":1999,"shipping_minor":null,'
    '"currency":"EUR"}',
    '{"asin":"B00EXAMPLE","domain":"de","price_type":"AMAZON",'
    '"observed_at":"2011-01-01T00:20:00Z","price_minor":null,"shipping_minor":null,'
    '"currency":"EUR"}',
    '{"asin":"B00EXAMPLE","domain":"de","price_type":"BUY_BOX_SHIPPING",'
    '"observed_at":"2011-01-01T00:10:00Z","price_minor":1999,"shipping_minor":0,'
    '"currency":"EUR"}',
]
RANK = (
    '{"asin":"B00EXAMPLE","domain":"de","price_type":"SALES",'
    '"observed_at":"2011-01-01T00:15:00Z","price_minor":4711,"shipping_minor":null,'
    '"currency":"EUR"}'
)

runner = CliRunner()


@pytest.fixture
def product_file(tmp_path: Path) -> Path:
    path = tmp_path / "product.json"
    path.write_text(json.dumps(PRODUCT))
    return path


def test_a_bare_product(product_file: Path) -> None:
    result = runner.invoke(app, ["decode", str(product_file)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == LINES


def test_ranks_only_with_all(product_file: Path) -> None:
    result = runner.invoke(app, ["decode", str(product_file), "--all"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [*LINES[:2], RANK, LINES[2]]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("from_stdin", [False, True], ids=["file", "stdin"])
def test_a_whole_reply_from_anywhere(tmp_path: Path, packed: bool, from_stdin: bool) -> None:
    body = json.dumps({"tokensLeft": 1, "products": [PRODUCT, PRODUCT]}).encode()
    if packed:
        body = gzip.compress(body)
    path = tmp_path / "reply.json.gz"
    path.write_bytes(body)
    result = runner.invoke(app, ["decode", "-" if from_stdin else str(path)], input=body)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == LINES * 2


@pytest.mark.recordings
@pytest.mark.parametrize("options", [[], ["--all"]], ids=["prices", "all"])
def test_recordings_print_point_for_point(recording: Path, options: list[str]) -> None:
    result = runner.invoke(app, ["decode", str(recording), *options])
    assert (result.exit_code, result.stderr) == (0, "")
    printed = [json.loads(line) for line in result.stdout.splitlines()]
    wanted = [price_type for price_type in PRICE_TYPES if options or price_type.is_price]
    (product,) = decode_products(recording.read_bytes()).products
    assert [tuple(line.values()) for line in printed] == [
        (
            point.asin,
            point.domain,
            point.price_type,
            point.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            point.price_minor,
            point.shipping_minor,
            point.currency,
        )
        for point in product.points(wanted)
    ]
    order = [(price_type_of(p["price_type"]).index, p["observed_at"]) for p in printed]
    assert order == sorted(order)


def test_a_missing_file(tmp_path: Path) -> None:
    result = runner.invoke(app, ["decode", str(tmp_path / "absent.json")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absent.json cannot be read: No such file" in result.stderr


def test_a_folder(tmp_path: Path) -> None:
    result = runner.invoke(app, ["decode", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b'{"tokensLeft":1,"products":[{"as', "fetch it again", id="cut"),
        pytest.param(b"", "not whole JSON", id="empty"),
        pytest.param(gzip.compress(b"{}" * 99)[:-9], "damaged gzip", id="cut gzip"),
        pytest.param(b'{"tokensLeft":0,"error":{"message":"No."}}', "No.", id="refusal"),
        pytest.param(b'{"tokensLeft":1,"deals":{}}', "neither a reply", id="deals"),
        pytest.param(b'{"tokensLeft":1}', "knows none of the ASINs", id="nothing known"),
    ],
)
def test_content_that_is_no_product(body: bytes, words: str) -> None:
    result = runner.invoke(app, ["decode", "-"], input=body)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_cannot_be_read_is_named_and_the_rest_printed() -> None:
    bad = PRODUCT | {"csv": [[10], [20, 5]], "domainId": 1}
    nowhere = PRODUCT | {"domainId": 7}
    body = json.dumps({"products": [bad, nowhere, PRODUCT]}).encode()
    result = runner.invoke(app, ["decode", "-"], input=body)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1 + len(LINES)
    assert result.stderr.splitlines() == [
        "left out B00EXAMPLE us AMAZON: the numbers do not make whole entries: 1 of 1 entries, "
        "the first is number 0 [10]",
        "left out B00EXAMPLE: `domainId`: Keepa has no domain number 7",
    ]


def test_a_product_without_history_is_no_error() -> None:
    body = json.dumps(PRODUCT | {"csv": None}).encode()
    result = runner.invoke(app, ["decode", "-"], input=body)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "B00EXAMPLE de: no price history\n"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"productType": 5, "variations": [{"asin": "B00000000A"}, {"asin": "B00000000B"}]},
            "a parent of 2 variations: watch one of them (B00000000A, B00000000B)",
        ),
        ({"productType": 5}, "a parent of variations: watch one of them"),
        ({"productType": 2}, "an e-book: Keepa has no prices"),
        ({"productType": 4}, "withdrawn from Amazon, perhaps for a while"),
    ],
    ids=["parent", "parent without variations", "e-book", "withdrawn"],
)
def test_a_product_that_can_have_no_prices_says_why(fields: dict[str, Any], words: str) -> None:
    body = json.dumps(PRODUCT | {"csv": None} | fields).encode()
    result = runner.invoke(app, ["decode", "-"], input=body)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"B00EXAMPLE de: {words}\n"


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    numbers = [number for minute in range(20_000) for number in (minute, 100)]
    path = tmp_path / "long.json"
    path.write_text(json.dumps(PRODUCT | {"csv": [numbers]}))
    with subprocess.Popen(
        [
            *(sys.executable, "-c", "from keeper.cli.tokens.keepa import app; app()"),
            *("decode", str(path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": "include"},
        cwd=Path(__file__).parents[4],
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"B00EXAMPLE" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from keeper.cli.tokens import keepa; "
        "print([m for m in ('numpy', 'simdjson', 'keepa', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "include"},
        cwd=Path(__file__).parents[4],
    )
    assert done.stdout == "[]\n"
