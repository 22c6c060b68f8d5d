"""What a client sees of reflections and of a journal's settings."""

from uuid import uuid4

import httpx


def _entry(writer: httpx.Client, entries: str) -> str:
    return writer.post(entries, json={"body": "Rain all day."}).headers["location"]


def test_a_reflection_is_asked_for_and_found_at_its_location(writer: httpx.Client, entries: str) -> None:
    entry = _entry(writer, entries)
    missing = writer.get(f"{entry}/reflection")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:daybook:problem:reflection-not-found")
    asked = writer.post(f"{entry}/reflection")
    assert (asked.status_code, asked.headers["location"]) == (202, f"{entry}/reflections/1")
    assert asked.json()["state"] == "pending"
    assert writer.get(asked.headers["location"]).json() == asked.json()
    assert writer.get(f"{entry}/reflection").json() == asked.json()
    assert writer.get(f"{entry}/reflections").json() == {"reflections": [asked.json()]}


def test_what_cannot_be_is_refused(writer: httpx.Client, entries: str) -> None:
    entry = _entry(writer, entries)
    assert writer.get(f"{entry}/reflections/0").status_code == 422
    assert writer.get(f"{entry}/reflections/2").status_code == 404
    assert writer.post(f"{entries}/{uuid4()}/reflection").json()["type"] == "urn:daybook:problem:entry-not-found"


def test_settings_are_changed_one_by_one(writer: httpx.Client, journal: str) -> None:
    address = f"/v1/journals/{journal}"
    made = writer.get(address).json()
    before = made["settings"]
    assert set(made["defaults"]) == set(before), "nobody has set any"
    assert (before["reflect"], before["time_zone"], before["reports"]) == ("on_request", "UTC", [])
    changed = writer.patch(f"{address}/settings", json={"time_zone": "Europe/Berlin", "reports": ["weekly"]})
    assert changed.status_code == 200
    writer.patch(f"{address}/settings", json={"reflect": "always"})
    changed = writer.get(address).json()
    assert set(changed["defaults"]) == {"related_entries", "locale"}
    after = changed["settings"]
    assert after == {**before, "time_zone": "Europe/Berlin", "reports": ["weekly"], "reflect": "always"}


def test_settings_that_cannot_be_are_refused(writer: httpx.Client, journal: str) -> None:
    for wrong in ({"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}, {"reflect": "never"}, {"colour": 1}):
        answer = writer.patch(f"/v1/journals/{journal}/settings", json=wrong)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")
    assert writer.get("/v1/journals/nobody-made-this").status_code == 404
