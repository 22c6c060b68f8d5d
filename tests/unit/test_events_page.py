"""docs/events.md names every subject, what stands in its request, what answers it, and the logins that may use it."""

import re
from pathlib import Path

import pytest

from contracts import api, subjects
from contracts.api import REPLIES
from devstack.nats import NatsUser
from devstack.permissions import CLIENT, ENRICHMENT, INSIGHTS, inbox_of, new_passwords, stack_users

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
API = f"{subjects.ROOT}.api."
#: Subject -> request, answer, scope, logins.
ROWS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| `([a-z.]+)` \| (\w+[^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}
USERS: dict[str, NatsUser] = {user.name: user for user in stack_users(new_passwords())}
REQUESTS = {request.__name__: (request, reply) for request, reply in REPLIES.items()}


def test_every_subject_of_the_api_is_in_a_table() -> None:
    spelt = {value for value in vars(subjects).values() if str(value).startswith(API)}
    assert {API + name for name in ROWS} == spelt


@pytest.mark.parametrize("name", ROWS)
def test_a_subject_has_its_answer_and_its_logins(name: str) -> None:
    request, answer, _scope, logins = ROWS[name]
    model, reply = REQUESTS[request.partition(":")[0]]
    assert answer.partition(",")[0] == reply.__name__
    told = {CLIENT, ENRICHMENT, INSIGHTS} & set(re.findall(r"`([a-z-]+)`", logins))
    told |= {ENRICHMENT, INSIGHTS} if "both workers" in logins else set()
    assert told == {user for user in USERS if API + name in USERS[user].publish}
    if CLIENT in told:
        assert set(model.model_fields) <= set(re.findall(r"`(\w+)`", request))


def test_the_client_hears_its_answers_and_no_events() -> None:
    assert USERS[CLIENT].subscribe == (f"{inbox_of(CLIENT)}.>",)
    assert f'inbox_prefix="{inbox_of(CLIENT)}"' in PAGE
    assert f'{api.AUTHORIZATION_HEADER}": f"Bearer' in PAGE
