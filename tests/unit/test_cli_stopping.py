"""Ctrl-C in a command that works long: wherever it arrives, the command says that it was stopped."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import weakref

import pytest

from nrm.cli.progress import stopped_by_ctrl_c


def test_an_error_on_the_way_out_does_not_stand_in_its_place() -> None:
    """As a session of the database does it whose connection was just being made."""

    def work() -> None:
        with stopped_by_ctrl_c():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                raise RuntimeError("a connection is being made")

    with pytest.raises(KeyboardInterrupt):
        work()


def test_who_swallows_it_is_stopped_at_the_next_step() -> None:
    steps = []

    def work() -> None:
        with stopped_by_ctrl_c() as go_on:
            for step in range(3):
                go_on()
                steps.append(step)
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == [0]


def test_who_swallows_it_in_the_last_step_is_stopped_after_it() -> None:
    with pytest.raises(KeyboardInterrupt), stopped_by_ctrl_c(), contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


class Thrown:
    """What somebody may watch being thrown away."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_where_python_itself_swallows_it_nothing_is_printed_and_the_next_step_stops(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the callback of a weak reference: what is raised there is printed as a traceback, and forgotten."""
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    steps = []

    def work() -> None:
        with stopped_by_ctrl_c() as go_on:
            for step in range(3):
                go_on()
                steps.append(step)
                thrown = Thrown()
                watch = weakref.ref(thrown, lambda _: signal.raise_signal(signal.SIGINT))
                del thrown
                assert watch() is None

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == [0]
    assert capsys.readouterr().err == ""
    assert sys.unraisablehook is sys.__unraisablehook__


def test_another_error_that_python_swallows_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)

    def fail(_: object) -> None:
        raise RuntimeError("the disk is full")

    with stopped_by_ctrl_c():
        thrown = Thrown()
        watch = weakref.ref(thrown, fail)
        del thrown
        assert watch() is None
    assert "RuntimeError: the disk is full" in capsys.readouterr().err


def test_an_error_without_it_stays_what_it_is_and_nothing_is_left() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="full"), stopped_by_ctrl_c():
        raise RuntimeError("the disk is full")
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_it_changes_nothing() -> None:
    before, entered = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with stopped_by_ctrl_c() as go_on:
            go_on()
            entered.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [before]
