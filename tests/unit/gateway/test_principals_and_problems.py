"""Who may do what, and how a refusal is told."""

from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.journals import JournalSettings, JournalSettingsChange, Locale
from gateway.domain import errors
from gateway.domain.errors import GatewayError, JournalNotFound, RevisionMismatch, ScopeMissing
from gateway.domain.principals import Principal
from gateway.domain.problems import problem_of, request_invalid


def _principal(*scopes, journals=("anna",)):
    return Principal("0" * 8, "test", frozenset(scopes), frozenset(journals))


def test_a_foreign_journal_is_not_found_before_scopes_are_looked_at():
    with pytest.raises(JournalNotFound):
        _principal().require("ben", "read")
    with pytest.raises(ScopeMissing) as missing:
        _principal("read").require("anna", "write", "admin")
    assert missing.value.any_of == ("write", "admin")


def test_any_of_the_scopes_will_do():
    _principal("admin").require("anna", "write", "admin")
    _principal("read", journals=("*",)).require("whatever", "read")


def _leaves(kind):
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in _leaves(child)] if below else [kind]


def test_every_error_has_a_slug_of_its_own_and_stands_in_the_tree():
    # Those of the HTTP side stand in its own tree.
    leaves = [leaf for leaf in _leaves(GatewayError) if leaf.__module__ == errors.__name__]
    assert len({leaf.slug for leaf in leaves}) == len(leaves)
    for leaf in leaves:
        assert f"{leaf.status}  {leaf.slug}" in errors.__doc__
        assert leaf.__name__ in errors.__doc__


def test_a_problem_names_what_it_is_about():
    entry_id = uuid4()
    problem = problem_of(RevisionMismatch(entry_id, expected=1, actual=3))
    assert (problem.type, problem.status) == ("urn:daybook:problem:revision-mismatch", 412)
    assert problem.detail == f"entry {entry_id} is at revision 3, not 1"


class _Body(BaseModel):
    counts: dict[str, int]


def test_faults_are_told_by_json_pointer_without_values_and_not_without_end():
    with pytest.raises(ValidationError) as caught:
        _Body.model_validate({"counts": {"a/b~c": "SECRET", **{str(n): "SECRET" for n in range(100)}}})
    fault = request_invalid(caught.value)
    assert fault.errors[0].pointer == "/counts/a~1b~0c"
    assert len(fault.errors) == 20
    assert "SECRET" not in problem_of(fault).model_dump_json()


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reports: tuple[str, ...]
    id: UUID | None = None
    locale: Locale = "en"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "/reports: is needed"),
        ({"reports": "weekly"}, "/reports: must be a list"),
        ({"reports": [], "report": 1}, "/report: there is no such field"),
        ({"reports": [], "id": "x1"}, "/id: must be a UUID"),
        (
            {"reports": [], "locale": "de_DE"},
            "/locale: must be a language, or a language and a country, such as de or de-AT",
        ),
    ],
)
def test_a_fault_says_what_to_send_and_repeats_nothing_of_the_value(body, detail):
    with pytest.raises(ValidationError) as caught:
        _Settings.model_validate(body)
    assert str(request_invalid(caught.value)) == detail


@pytest.mark.parametrize(
    ("said", "kept"),
    [("DE", "de"), ("de-at", "de-AT"), ("PT-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_a_locale_is_kept_as_it_is_commonly_written(said, kept):
    assert JournalSettingsChange.model_validate({"locale": said}).locale == kept
    assert JournalSettings.model_validate({"locale": said}).locale == kept, "also one that was stored before"


def test_a_body_that_is_no_object_is_told_in_words_of_ours():
    with pytest.raises(ValidationError) as caught:
        _Body.model_validate(7)
    (fault,) = request_invalid(caught.value).errors
    assert (fault.pointer, fault.detail) == ("", "must be a JSON object")
