from io import BytesIO
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import Answer, KeepaApi
from keeper.simulator.faults.plan import Fault, FaultKind
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.asking import ask
from tests.unit.simulator.hand_clock import HandClock

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def asin(catalogue: Catalogue, us: Locale) -> str:
    return next(
        sheet.asin
        for sheet in catalogue.products_in(us)
        if sheet.has_history and sheet.sold_by_amazon and sheet.ended is None
    )


def draw(api: KeepaApi, asin: str, **query: object) -> Answer:
    given = {"key": "simulator", "domain": "1", "asin": asin}
    return api.answer("graphimage", given | {name: str(value) for name, value in query.items()})


def pixels(answer: Answer) -> Any:
    return (matplotlib.image.imread(BytesIO(answer.body), format="png") * 255).round().astype(int)


def has_colour(answer: Answer, colour: str) -> bool:
    red, green, blue = bytes.fromhex(colour)
    return bool(np.any(np.all(pixels(answer)[:, :, :3] == [red, green, blue], axis=2)))


def test_a_graph_is_a_png_of_the_size_asked_for_without_an_envelope(
    api: KeepaApi, asin: str
) -> None:
    answer = draw(api, asin, width=800, height=400, range=365)
    assert (answer.status, answer.media_type, answer.cost) == (200, "image/png", 1)
    assert answer.body.startswith(PNG)
    assert pixels(answer).shape[:2] == (400, 800)
    assert ask(api, "token")[1]["tokensLeft"] == 599


def test_the_lines_and_colours_asked_for_are_drawn(api: KeepaApi, asin: str) -> None:
    shown = draw(api, asin, range=365, amazon=1, cAmazon="FF0102", new=0, cBackground="f0f8ff")
    hidden = draw(api, asin, range=365, amazon=0, cAmazon="FF0102", new=0, cBackground="f0f8ff")
    assert has_colour(shown, "FF0102")
    assert not has_colour(hidden, "FF0102")
    assert has_colour(hidden, "f0f8ff")


def test_the_same_url_is_free_for_ninety_minutes(
    api: KeepaApi, asin: str, hand_clock: HandClock
) -> None:
    first = draw(api, asin, width=400)
    again = draw(api, asin, width=400)
    assert (first.cost, again.cost, again.body) == (1, 0, first.body)
    assert draw(api, asin, width=401).cost == 1
    hand_clock.pass_seconds(90 * 60 - 1)
    assert draw(api, asin, width=400).cost == 0
    hand_clock.pass_seconds(1)
    assert draw(api, asin, width=400).cost == 1


def test_an_unknown_product_has_an_empty_graph(api: KeepaApi) -> None:
    answer = draw(api, "B000000000", cNew="FF0102")
    assert answer.body.startswith(PNG)
    assert not has_colour(answer, "FF0102")


@pytest.mark.parametrize(
    ("query", "status", "details"),
    [
        ({"width": 299}, 405, "width"),
        ({"height": 1001}, 405, "height"),
        ({"range": 0}, 405, "range"),
        ({"width": "wide"}, 400, "width"),
        ({"cNew": "red"}, 400, "cNew"),
        ({"new": "yes"}, 400, "new"),
        ({"domain": 7}, 400, "domain"),
        ({"asin": ""}, 400, "asin"),
    ],
)
def test_bad_parameters_are_refused_for_free_with_an_envelope(
    api: KeepaApi, asin: str, query: dict[str, object], status: int, details: str
) -> None:
    refused, reply = ask(api, "graphimage", **{"domain": 1, "asin": asin, **query})
    assert (refused, reply["error"]["details"]) == (status, details)
    assert (reply["tokensConsumed"], reply["tokensLeft"]) == (0, 600)


def test_without_tokens_there_is_no_graph(api: KeepaApi, asin: str) -> None:
    api.bucket.set_left(0)
    status, reply = ask(api, "graphimage", domain=1, asin=asin)
    assert status == 429
    assert "error" not in reply


def test_a_graph_meets_faults_of_any_body(api: KeepaApi, asin: str) -> None:
    whole = draw(api, asin)
    api.faults.add(Fault(FaultKind.CUT))
    cut = draw(api, asin)
    assert whole.body.startswith(cut.body)
    assert len(cut.body) < len(whole.body)
    api.faults.add(Fault(FaultKind.NOT_JSON))
    assert draw(api, asin).body.startswith(b"<html>")
