"""One's own language, zone and sessions."""

from keeper.domain.users.access import Scope
from tests.console_server import ANN, BEN, Console

ME = "/api/v1/me"
SESSIONS = f"{ME}/sessions"


def test_language_and_zone_are_ones_own_choice(console: Console) -> None:
    ann, ben = console.browser(ANN), console.browser(BEN)
    assert ann.get(ME).json()["language"] == "en"

    changed = ann.patch(ME, json={"language": "de", "time_zone": "Europe/Berlin"})

    assert changed.status_code == 200, changed.text
    assert changed.json() == ann.get(ME).json()
    assert (changed.json()["language"], changed.json()["time_zone"]) == ("de", "Europe/Berlin")
    assert ann.get(f"{ME}/delivery").json()["time_zone"] == "Europe/Berlin"
    # What is left out stays, here and where messages are chosen.
    assert ann.patch(ME, json={}).json()["language"] == "de"
    ann.patch(f"{ME}/delivery", json={"daily_cap": 7, "time_zone": "Europe/Paris"})
    assert ann.get(ME).json()["language"] == "de"
    assert ann.get(ME).json()["time_zone"] == "Europe/Paris"
    assert ben.get(ME).json()["language"] == "en"
    assert ann.patch(ME, json={"language": "fr"}).status_code == 422
    assert ann.patch(ME, json={"time_zone": "Mars/Olympus"}).status_code == 400
    program = console.program(ANN, Scope.MESSAGES_WRITE)
    assert program.patch(ME, json={"language": "en"}).json()["by"] == "token"
    assert console.program(ANN, Scope.WATCHES_READ).patch(ME, json={}).status_code == 403


def test_ones_sessions_are_listed_and_end_one_by_one_or_all_but_this(console: Console) -> None:
    here = console.browser(ANN)
    console.clock.move(minutes=5)
    there, elsewhere = console.browser(ANN), console.browser(ANN)
    ben = console.browser(BEN)
    console.clock.move(minutes=5)

    found = here.get(SESSIONS).json()["items"]

    assert [one["is_this"] for one in found] == [True, False, False]
    assert "digest" not in found[0]
    third, second = found[1]["id"], found[2]["id"]
    assert ben.delete(f"{SESSIONS}/{second}").status_code == 404
    assert there.get(ME).status_code == 200
    assert here.delete(f"{SESSIONS}/{second}").status_code == 204
    assert here.delete(f"{SESSIONS}/{second}").status_code == 404
    assert there.get(ME).status_code == 401

    assert here.request("DELETE", SESSIONS).json() == {"ended": 1}
    assert elsewhere.get(ME).status_code == 401
    assert [one["id"] for one in here.get(SESSIONS).json()["items"]] == [found[0]["id"]]
    assert third not in [one["id"] for one in here.get(SESSIONS).json()["items"]]
    assert len(ben.get(SESSIONS).json()["items"]) == 1
    rows = console.connection.execute(
        "SELECT result FROM audit_log WHERE action = 'sign-out' ORDER BY entry_id"
    ).fetchall()
    assert [row["result"] for row in rows] == ["session ended", "other sessions ended: 1"]
