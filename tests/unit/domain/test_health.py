"""What is late, and that each part has words for what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nrm.domain.health import AT_MOST, WHAT_TO_DO, Part, State, by_age, by_look, checkpoint_by_age


@pytest.mark.parametrize("part", AT_MOST)
def test_a_part_is_late_after_its_time_and_not_before(part: Part) -> None:
    assert by_age(part, AT_MOST[part]).state is State.OK
    assert by_age(part, AT_MOST[part] + timedelta(seconds=1)).state is State.LATE
    assert by_age(part, None).state is State.NEVER


def test_what_is_looked_at_is_well_or_wrong_and_every_part_says_what_to_do() -> None:
    assert [by_look(Part.DISK, well=well).state for well in (True, False)] == [State.OK, State.WRONG]
    assert set(WHAT_TO_DO) == set(Part)


def test_a_new_instance_has_no_checkpoint_yet_and_an_older_one_without_is_told() -> None:
    """Beside a server that was just started it was said: start it."""
    longest = AT_MOST[Part.CHECKPOINT]
    new = checkpoint_by_age(None, longest)
    assert (new.state, "within minutes of the start" in new.why) == (State.OK, True)
    for made in (longest + timedelta(seconds=1), None):
        assert checkpoint_by_age(None, made) == by_age(Part.CHECKPOINT, None)
    late = longest + timedelta(seconds=1)
    assert checkpoint_by_age(late, timedelta()).state is State.LATE
