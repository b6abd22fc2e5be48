"""Of all traces a share is logged, and of a trace everything or nothing."""

import logging

import pytest

from chalicelib.aws import logs

TRACES = [f"request-{n}" for n in range(2_000)]


def line(trace: str | None, level: int = logging.INFO) -> logging.LogRecord:
    record = logging.LogRecord("a", level, __file__, 1, "a command", None, None)
    if trace is not None:
        record.trace = trace
    return record


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.1, 120, 280), (1.0, 2_000, 2_000)])
def test_about_the_share_of_all_traces_passes(share: float, least: int, most: int) -> None:
    passed = sum(logs.Sampled(share).filter(line(trace)) is True for trace in TRACES)
    assert least <= passed <= most


def test_every_process_decides_alike() -> None:
    kept = [trace for trace in TRACES[:20] if logs.Sampled(0.1).filter(line(trace))]
    assert kept == [f"request-{n}" for n in (2, 3, 5, 8, 11, 14, 15, 17)]


def test_a_greater_share_keeps_what_a_smaller_one_kept() -> None:
    few, more = logs.Sampled(0.1), logs.Sampled(0.2)
    assert all(more.filter(line(trace)) for trace in TRACES if few.filter(line(trace)))


def test_warnings_and_lines_without_a_trace_always_pass() -> None:
    nothing = logs.Sampled(0)
    assert nothing.filter(line("r1", logging.WARNING))
    assert nothing.filter(line(None))


@pytest.mark.parametrize(("text", "share"), [(None, logs.SHARE), ("", logs.SHARE), ("0", 0.0), ("1", 1.0)])
def test_the_setting_is_a_share(text: str | None, share: float) -> None:
    assert logs.share(text) == share


@pytest.mark.parametrize("text", ["1.5", "-1", "all", "nan"])
def test_anything_else_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"share|convert"):
        logs.share(text)
