"""Searches for products and decisions on what they propose, through the API."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from keeper.domain.discovery import Proposal
from keeper.domain.users.access import Scope
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.discovery.proposals import add_proposals
from tests.console_server import ANN, BOSS, Console

API = "/api/v1"
ASIN = "B000000001"
WANTED = {"kind": "best_sellers", "category": 12, "below_average_percent": 20}


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    return console.program(BOSS, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE, Scope.WATCHES_READ)


@pytest.fixture
def propose(boss: httpx.Client, connection: Connection) -> Callable[..., int]:
    """Saves a search and lets it propose products; returns its number."""
    proposal = Proposal(
        asin=ASIN,
        domain="us",
        discovery_id=0,
        title="A kettle",
        price_type="NEW",
        price_minor=2400,
        currency="USD",
        average_90_days_minor=3000,
        target_minor=2400,
        rating=4.5,
        review_count=7,
        sales_rank=3,
        source="simulator",
        run_id="run-1",
    )

    def of(*asins: str) -> int:
        number: int = boss.post(f"{API}/discoveries", json=WANTED).json()["id"]
        add_proposals(
            connection, [replace(proposal, asin=asin, discovery_id=number) for asin in asins]
        )
        return number

    return of


def decide(client: httpx.Client, *asins: str, **more: Any) -> list[tuple[str, str | None]]:
    products = [{"asin": asin, "domain": "us"} for asin in asins]
    answer = client.patch(f"{API}/proposals", json={"products": products, **more})
    assert answer.status_code == 200, answer.text
    return [(one["outcome"], one["state"]) for one in answer.json()["results"]]


def test_a_search_is_saved_changed_listed_and_stopped(boss: httpx.Client) -> None:
    added = boss.post(f"{API}/discoveries", json=WANTED)
    assert added.status_code == 201
    search = added.json()
    assert (search["name"], search["below_average_percent"]) == ("best sellers of 12", 20)
    changed = boss.post(f"{API}/discoveries", json=WANTED | {"propose": 5})
    assert (changed.status_code, changed.json()["id"]) == (200, search["id"])
    found = {"kind": "finder", "domain": "de", "selection": {"current_SALES_lte": 1000}}
    assert boss.post(f"{API}/discoveries", json=found).json()["name"] == "current_SALES_lte=1000"

    listed = boss.get(f"{API}/discoveries").json()["items"]
    assert [one["propose"] for one in listed] == [5, 20]
    assert boss.delete(f"{API}/discoveries/{search['id']}").status_code == 204
    assert boss.delete(f"{API}/discoveries/{search['id']}").status_code == 404
    assert len(boss.get(f"{API}/discoveries").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (WANTED | {"domain": "br"}, 400, "no best sellers"),
        ({"kind": "finder", "selection": {"current_SALES_lt": 1}}, 400, "current_SALES_lt"),
        (WANTED | {"price_type": "RENT"}, 400, "no RENT prices"),
        (WANTED | {"rank_range_days": 7}, 422, ""),
        ({"kind": "finder", "category": 12}, 422, ""),
        ({"category": 12}, 422, ""),
    ],
    ids=["Brazil", "misspelt", "rent", "rank", "no selection", "no kind"],
)
def test_a_search_keepa_would_refuse_is_not_saved(
    boss: httpx.Client, body: dict[str, Any], status: int, said: str
) -> None:
    answer = boss.post(f"{API}/discoveries", json=body)

    assert answer.status_code == status
    assert said in answer.text
    assert boss.get(f"{API}/discoveries").json()["items"] == []


def test_an_approved_product_is_watched_and_a_rejected_one_never_proposed_again(
    boss: httpx.Client, console: Console, propose: Callable[..., int]
) -> None:
    number = propose(ASIN, "B000000002", "B000000003")
    (proposal, *_) = boss.get(f"{API}/proposals", params={"state": "PROPOSED"}).json()["items"]
    assert (proposal["target"]["text"], proposal["found_by"]) == ("$24.00", "best sellers of 12")

    whose = console.user(ANN).user_id
    approved = decide(boss, ASIN, "B000000009", state="APPROVED", owner_id=whose)
    assert approved == [("decided", "APPROVED"), ("not proposed", None)]
    assert decide(boss, ASIN, "B000000002", state="REJECTED") == [
        ("decided before", "APPROVED"),
        ("decided", "REJECTED"),
    ]

    (watch,) = boss.get(f"{API}/watches", params={"owner_id": whose}).json()["items"]
    assert (watch["asin"], watch["target"]["text"], watch["owner"]) == (ASIN, "$24.00", ANN)
    rejected = boss.get(f"{API}/proposals", params={"state": "REJECTED"}).json()["items"]
    assert [(one["asin"], one["decided_by"]) for one in rejected] == [("B000000002", BOSS)]
    params: dict[str, Any] = {"discovery_id": number, "state": "PROPOSED"}
    left = boss.get(f"{API}/proposals", params=params).json()["items"]
    assert [one["asin"] for one in left] == ["B000000003"]
    nobody = {
        "products": [{"asin": "B000000003", "domain": "us"}],
        "state": "APPROVED",
        "owner_id": 10**9,
    }
    assert boss.patch(f"{API}/proposals", json=nobody).status_code == 404
    assert boss.get(f"{API}/proposals", params=params).json()["items"] == left


def test_proposals_come_page_by_page(boss: httpx.Client, propose: Callable[..., int]) -> None:
    propose(*(f"B00000000{number}" for number in range(5)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params: dict[str, Any] = {"limit": 2, "cursor": cursor}
        page = boss.get(f"{API}/proposals", params={**params, "total": bool(cursor)}).json()
        assert page["total"] == (5 if cursor else None)
        seen += [one["asin"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"B00000000{number}" for number in range(5)]
