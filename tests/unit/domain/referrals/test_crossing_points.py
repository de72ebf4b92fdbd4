"""What a post may know of who takes somebody in, and by what a text gives a shelter away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.crossing_points import (
    POSTS,
    Brings,
    Meeting,
    is_number_of,
    is_told_receiver,
    meeting_ends,
    names_shelter,
)
from nrm.domain.referrals.referrals import ReferralStatus

AT = datetime(2026, 3, 4, 23, tzinfo=UTC)
NAMES = ("VATRA", "Qendra Psiko-Sociale “Vatra”, Vlorë", "Psychosocial Centre “Vatra”, Vlora")
NUMBERS = ("+355 33 000 103", "")


@pytest.mark.parametrize("status", ReferralStatus)
@pytest.mark.parametrize("kind", OrganisationKind)
def test_at_a_post_the_interviewer_alone_is_told_and_only_before_the_answer(
    kind: OrganisationKind, status: ReferralStatus
) -> None:
    waits = status is ReferralStatus.SENT
    assert is_told_receiver(kind, status, interviewer=True) is (kind not in POSTS or waits)
    assert is_told_receiver(kind, status, interviewer=False) is (kind not in POSTS)


def test_the_posts_are_the_four_kinds_of_the_decision() -> None:
    assert {str(each) for each in POSTS} == {"border_police", "police", "helpline", "consular_service"}


def test_twelve_hours_count_from_the_expected_hour_else_from_the_acceptance() -> None:
    assert meeting_ends(AT + timedelta(hours=6), AT) == AT + timedelta(hours=18)
    assert meeting_ends(None, AT) == AT + timedelta(hours=12)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("te Vatra", True),
        ("VATRA-s, hyrja e dytë", True),
        ("qendra psiko sociale vatra", True),
        ("Psychosocial  Centre\n“Vatra”", True),
        ("Bashkia e Vlorës", False),
        ("vatrat e qytetit", False),
        ("", False),
    ],
)
def test_a_text_names_the_shelter_by_its_words(text: str, named: bool) -> None:
    assert names_shelter(text, NAMES) is named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("QKPVT, Linzë", True),
        ("te QKP", True),
        ("Qendra Kombetare Pritese, Tirane", True),
        ("National Reception Center", True),
        ("the NRC gate", True),
        ("hyrja e Qendrës Tregtare", False),
        ("qendra e qytetit", False),
        ("gate 3 of the national library", False),
    ],
)
def test_a_name_that_is_shortened_or_written_without_its_marks_names_the_shelter(text: str, named: bool) -> None:
    names = (
        "NRC",
        "Qendra Kombëtare Pritëse e Viktimave të Trafikimit",
        "National Reception Centre for Victims of Trafficking",
    )
    assert names_shelter(text, names) is named


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("+355 33 000 103", True),
        ("033/000-103", True),
        ("0035533000103", True),
        ("+355 69 555 0199", False),
        ("", False),
    ],
)
def test_a_number_of_the_directory_is_known_however_it_is_written(number: str, known: bool) -> None:
    assert is_number_of(number, NUMBERS) is known
    assert is_number_of(number, ()) is False


def test_a_meeting_is_read_as_it_was_sealed_and_prints_nothing() -> None:
    meeting = Meeting(Brings.SHELTER, "Bashkia", hour="23:30", word="ulliri")
    assert Meeting.of_value(meeting.to_value() | {"escort": "x"}) == meeting
    assert "ulliri" not in repr(meeting)
