from telemetry import failure_of


def broken() -> Exception:
    try:
        try:
            raise ValueError("Failing row contains (elderflower)")
        except ValueError as error:
            raise RuntimeError("elderflower") from error
    except RuntimeError as error:
        return error


def test_a_failure_has_its_type_its_place_and_what_it_came_of_and_no_message() -> None:
    told = failure_of(broken())
    assert told["error"] == "RuntimeError"
    (frame,) = told["frames"]  # type: ignore[misc]
    assert frame.endswith(" broken")
    (cause,) = told["causes"]  # type: ignore[misc]
    assert cause.startswith("ValueError at ")
    assert "test_failures.py:" in cause
    assert "elderflower" not in str(told)


def test_a_group_tells_each_of_its_failures() -> None:
    told = failure_of(ExceptionGroup("elderflower", [broken(), OSError("elderflower")]))
    assert told["error"] == "ExceptionGroup"
    assert [cause.partition(" ")[0] for cause in told["causes"]] == ["RuntimeError", "ValueError", "OSError"]  # type: ignore[attr-defined]
    assert "elderflower" not in str(told)


def test_errors_that_came_of_each_other_are_told_once() -> None:
    first, second = RuntimeError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert failure_of(first) == {"error": "RuntimeError", "frames": [], "causes": ["ValueError at unknown"]}
