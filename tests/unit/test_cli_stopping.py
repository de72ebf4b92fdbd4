"""Ctrl-C in a command that works long: wherever it arrives, the command says that it was stopped."""

from __future__ import annotations

import contextlib
import signal
import threading

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
