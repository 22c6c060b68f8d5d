"""One journal over the public HTTP API, as an app of its owner uses it."""

import time
from typing import Any, Self

import httpx


class JournalClient:
    """Each call answers the response; the shorter-named ones unpack it, and `done` waits."""

    def __init__(self, gateway_url: str, key: str, journal: str) -> None:
        self.journal = journal
        self._http = httpx.Client(
            base_url=gateway_url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        return self._http.request(method, f"/v1/journals/{self.journal}{path}", **options)

    def journals(self) -> list[str]:
        """The names of those that the key may touch."""
        return [journal["name"] for journal in self._http.get("/v1/journals").json()["journals"]]

    def make(self) -> None:
        assert self.request("PUT").status_code in {200, 201}

    def post(self, body: str, **fields: Any) -> dict[str, Any]:
        answer = self.request("POST", "/entries", json={"body": body, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, entry_id: str) -> httpx.Response:
        return self.request("GET", f"/entries/{entry_id}")

    def listed(self) -> list[dict[str, Any]]:
        return self.request("GET", "/entries", params={"limit": 100}).json()["entries"]

    def search(self, query: str, **fields: Any) -> list[dict[str, Any]]:
        answer = self.request("POST", "/search", json={"query": query, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()["hits"]

    def ids_found(self, query: str) -> list[str]:
        return [hit["entry_id"] for hit in self.search(query)]

    def done(self, entry_id: str, *, revision: int = 1, within_s: float = 60.0) -> dict[str, Any]:
        """The entry once all of its enrichments are done. A failed one fails the test at once."""
        deadline_s = time.monotonic() + within_s
        while True:
            answer = self.get(entry_id)
            # As any client would, ask again where a dependency of the gateway is just starting.
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                assert answer.status_code == 200, answer.text
                entry = answer.json()
                states = {kind: (it["state"], it["revision"]) for kind, it in entry["enrichments"].items()}
                assert not any(state == "failed" for state, _ in states.values()), entry["enrichments"]
                if set(states.values()) == {("done", revision)}:
                    return entry
            assert time.monotonic() < deadline_s, answer.text
            time.sleep(0.1)
