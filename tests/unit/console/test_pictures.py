"""The console shows the simulator's pictures of products, and nothing else under /img."""

import pytest
from starlette.applications import Starlette

from keeper.alerts.links import Links
from keeper.alerts.photos import Photo
from keeper.console.database import ConsoleDatabase
from keeper.console.pages.links import make_app
from keeper.stores.postgres.connection import PostgresConfig
from tests.asgi import get

NAME = "41aBcDeFgHi.jpg"


def console(photos: dict[str, Photo] | None) -> Starlette:
    return make_app(
        ConsoleDatabase(PostgresConfig("postgresql://nobody@127.0.0.1:1/none")),
        Links("http://localhost:8000", ["a-secret-of-some-length"]),
        list,
        picture=None if photos is None else photos.get,
    )


def test_a_picture_is_shown_by_its_name() -> None:
    shown = get(console({NAME: Photo(b"drawn", "png")}), f"/img/{NAME}")

    assert (shown.status_code, shown.content) == (200, b"drawn")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "max-age" in shown.headers["cache-control"]


@pytest.mark.parametrize("name", ["42aBcDeFgHi.jpg", "state", "..%2Fstate.jpg", "a?b.jpg"])
def test_what_is_not_there_is_not_found(name: str) -> None:
    assert get(console({NAME: Photo(b"drawn", "png")}), f"/img/{name}").status_code == 404


def test_names_that_no_picture_has_are_not_asked_for() -> None:
    asked: list[str] = []
    app = make_app(
        ConsoleDatabase(PostgresConfig("postgresql://nobody@127.0.0.1:1/none")),
        Links("http://localhost:8000", ["a-secret-of-some-length"]),
        list,
        picture=asked.append,
    )
    for name in ("%2e%2e%2fsimulator.jpg", "x" * 41 + ".jpg", "a.svg", "a%0a.jpg"):
        assert get(app, f"/img/{name}").status_code == 404
    assert asked == []


def test_with_a_key_there_are_none() -> None:
    assert get(console(None), f"/img/{NAME}").status_code == 404
