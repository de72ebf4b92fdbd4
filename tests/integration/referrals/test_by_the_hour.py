"""What a receiving desk sees: the hour due first, then tags in words, who has the person, and the next step."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.referrals import referrals
from nrm.actions.shelter import corrections
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import NO_SHOW_AFTER, DeclineReason
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate
from nrm.models.shelter.cases import Opening, Reading
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]


def rows(page: str, heading: str) -> list[str]:
    """The rows of the table below a heading."""
    assert heading in page, page[page.find("<main") :][:2000]
    return page.split(heading, 1)[1].split("</table>", 1)[0].split("<tr>")[2:]


def due_in(sent: people.Sent, minutes: int) -> None:
    """Move the hour by which the answer is awaited."""
    referral = db.session.get_one(Referral, sent.referral_id)
    referral.due_at = clock.now() + timedelta(minutes=minutes)
    db.session.commit()


def is_late(row: str) -> bool:
    return re.search(r">[^<]*late<", row) is not None


def codes(found: list[str]) -> list[str]:
    return [re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", row)[0] for row in found]


def test_what_waits_for_an_answer_stands_by_the_hour_due_and_not_by_when_it_was_sent(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    rinas = factories.actor("rinas.border_officer")
    adult, child, urgent = (
        people.sent(rinas),
        people.sent(rinas, age="child"),
        people.sent(rinas, urgent=True, consent_urgent="not_asked"),
    )
    for sent, minutes in ((adult, 50), (child, 40), (urgent, 30)):
        due_in(sent, minutes)
    found = rows(sign_in("nrc.case_worker").get("/?lang=en"), "Who comes today")
    assert codes(found) == [urgent.pseudonym, child.pseudonym, adult.pseudonym]
    for row, sent, said, not_said in zip(
        found,
        (urgent, child, adult),
        (["urgent"], ["child"], ["adult"]),
        (["child"], ["urgent"], ["child", "urgent", "late"]),
        strict=True,
    ):
        first = row.split("</td>", 1)[0]
        assert re.search(r"\d\d:\d\d", first), "the hour stands first"
        tags = re.findall(r'class="tag[^"]*">([^<]+)<', row)
        assert [each for each in said if each != "adult"] == [each for each in tags if each in ("child", "urgent")]
        assert not [each for each in not_said if each in tags]
        assert "Rinas airport" in row, "who has the person"
        assert f'href="/referrals/{sent.referral_id}">Answer the referral' in row
    factories.later(minutes=35)
    late = rows(sign_in("nrc.case_worker").get("/?lang=en"), "Who comes today")
    assert [is_late(row) for row in late] == [True, False, False]


def test_the_list_goes_on_where_the_page_before_ended(app: Flask) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = [people.sent(rinas) for _ in range(4)]
    for each, minutes in zip(sent, (40, 10, 30, 20), strict=True):
        due_in(each, minutes)
    promised = sent[1]
    referrals.promise(referral_id=promised.referral_id, promised_by="Ana Hoxha", by=rinas)
    found, after = [], ""
    while True:
        page = store.received(by=nrc, after=after, size=1)
        found += [line.id for line in page.rows]
        if not (after := page.after):
            break
    assert found == [sent[number].referral_id for number in (3, 2, 0, 1)], "what is promised waits until it runs out"


def test_people_on_their_way_stand_by_the_hour_they_are_expected_and_nobody_is_said_to_have_none(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    coming = [people.sent(rinas), people.sent(rinas, age="child"), people.sent(rinas)]
    for number, (each, hours) in enumerate(zip(coming, (None, 9, 3), strict=True)):
        expected = None if hours is None else clock.now() + timedelta(hours=hours)
        referrals.accept(referral_id=each.referral_id, place_id=people.bed("NRC", number), expected_at=expected, by=nrc)
    page = sign_in("nrc.case_worker").get("/?lang=en")
    found = rows(page, "Who comes today")
    assert codes(found) == [coming[number].pseudonym for number in (2, 1, 0)]
    assert "child" in found[1]
    assert not re.search(r"\d\d:\d\d", found[2])
    for said in ("no hour is set", "not known yet", "pa afat", "ende nuk dihet"):
        assert said not in page
        assert said not in sign_in("nrc.case_worker").get("/")
    factories.later(minutes=int((timedelta(hours=3) + NO_SHOW_AFTER).total_seconds() // 60))
    assert is_late(rows(sign_in("nrc.case_worker").get("/?lang=en"), "Who comes today")[0])


def test_what_is_owed_says_the_hour_first_and_where_it_is_done(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"), age="child")
    found = rows(sign_in("child_protection.case_worker").get("/?lang=en"), "What waits for you")
    row = next(each for each in found if sent.pseudonym in each)
    assert re.search(r"\d\d:\d\d", row.split("</td>", 1)[0])
    assert ">child<" in row
    assert "missing" not in row
    for desk in ("consular.consular_officer", "trp_unit.trp_officer"):
        assert "no hour is set" not in sign_in(desk).get("/?lang=en")


def test_a_third_shelter_and_the_ministry_see_no_row_of_it(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"), urgent=True, consent_urgent="not_asked")
    for other in ("vatra.shelter_manager", "molsa.statistician", "administrator"):
        assert sent.pseudonym not in sign_in(other).get("/")
    sign_in("vatra.shelter_manager").get(f"/referrals/{sent.referral_id}", 404)


DOCTOR = ">needs a doctor<"


@pytest.mark.parametrize(
    ("answers", "tagged"),
    [
        ({"hurt": "yes"}, True),
        ({"needs": ["medical"]}, True),
        ({"needs": ["legal"]}, False),
        ({}, False),
        ({"urgent": True, "consent_urgent": "not_asked", "hurt": "yes"}, True),
    ],
)
def test_whoever_is_asked_sees_that_a_doctor_is_needed_and_it_is_no_opening(
    app: Flask, sign_in: SignIn, answers: dict[str, object], tagged: bool
) -> None:
    assert app
    people.sent(factories.actor("rinas.border_officer"), **answers)  # type: ignore[arg-type]
    nrc = sign_in("nrc.case_worker")
    (row,) = rows(nrc.get("/?lang=en"), "Who comes today")
    assert (DOCTOR in row) is tagged
    assert DOCTOR not in sign_in("rinas.border_officer").get("/?lang=en")
    assert DOCTOR not in sign_in("ra.duty_officer").get("/?lang=en")
    assert DOCTOR not in sign_in("vatra.shelter_manager").get("/?lang=en")
    assert db.session.scalar(select(Reading.id)) is None
    assert db.session.scalar(select(Opening.id).where(Opening.compartment == "hand_over")) is None


def test_the_next_party_sees_it_and_once_the_person_is_there_it_is_gone(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"), hurt="yes")
    nrc, iom = factories.actor("nrc.case_worker"), factories.actor("iom.case_worker")
    following = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert following is not None
    assert DOCTOR in sign_in("iom.case_worker").get("/?lang=en")
    assert DOCTOR not in sign_in("nrc.case_worker").get("/?lang=en")
    referrals.accept(referral_id=following, place_id=people.bed("IOM"), by=iom)
    assert tending.tend()["tags_forgotten"] == 0
    assert DOCTOR in "".join(rows(sign_in("iom.case_worker").get("/?lang=en"), "Who comes today"))
    referrals.arrive(referral_id=following, by=iom)
    assert tending.tend()["tags_forgotten"] == 0  # the arrival may be of somebody else: then she is awaited again
    factories.later(hours=1)
    assert tending.tend()["tags_forgotten"] > 0
    db.session.rollback()
    assert not [each for each in db.session.scalars(select(RouteCandidate.sealed_tags)) if each is not None]


def test_an_arrival_of_somebody_else_that_is_taken_back_leaves_the_tag_as_it_was(app: Flask, sign_in: SignIn) -> None:
    """A tired hand pressed "has arrived" for the wrong woman: of the one who was awaited nobody read any more that she
    needs a doctor."""
    assert app
    sent = people.sent(factories.actor("rinas.border_officer"), hurt="yes")
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    tending.tend()
    corrections.take_back_arrival(referral_id=sent.referral_id, why=Why.OTHER_PERSON, by=nrc)
    (row,) = rows(sign_in("nrc.case_worker").get("/?lang=en"), "Who comes today")
    assert DOCTOR in row


def test_a_tag_is_as_long_whatever_it_says_and_opens_for_nobody_else(app: Flask, sign_in: SignIn) -> None:
    assert app
    rinas = factories.actor("rinas.border_officer")
    hurt, well = people.sent(rinas, hurt="yes"), people.sent(rinas)
    tags = {
        (row.case_id, row.organisation_id): row.sealed_tags
        for row in db.session.scalars(select(RouteCandidate))
        if row.sealed_tags is not None
    }
    assert len({len(each) for each in tags.values()}) == 1
    assert len(set(tags.values())) == len(tags)
    here, there = people.organisation("NRC"), people.organisation("IOM")
    for row in db.session.scalars(select(RouteCandidate)):  # what is sealed to others, or of another person
        if row.organisation_id == here:
            row.sealed_tags = tags[hurt.case_id, there] if row.case_id == hurt.case_id else tags[hurt.case_id, here]
    db.session.commit()
    page = sign_in("nrc.case_worker").get("/?lang=en")
    assert hurt.pseudonym in page
    assert well.pseudonym in page
    assert DOCTOR not in page


def test_what_child_protection_owes_stands_child_by_child_the_first_due_first(app: Flask) -> None:
    assert app
    first, second = (people.sent(factories.actor("rinas.border_officer")) for _ in range(2))
    now = clock.now()
    hours = {(first, "a"): 5, (second, "a"): 1, (first, "b"): 2, (second, "b"): 9, (first, "c"): 30}
    with transaction() as session:
        for (sent, kind), hour in hours.items():
            due = now + timedelta(hours=hour)
            session.add(
                Obligation(
                    id=uuid.uuid4(), case_id=sent.case_id, kind=kind, party="CHILD_PROTECTION", clause="1", due_at=due
                )
            )
    by = factories.actor("child_protection.child_protection_officer")
    rows = [
        (each.pseudonym, each.kind) for each in obligations.owed(by=by, old=False).rows if each.kind in ("a", "b", "c")
    ]
    assert rows == [
        (second.pseudonym, "a"),
        (second.pseudonym, "b"),
        (first.pseudonym, "b"),
        (first.pseudonym, "a"),
        (first.pseudonym, "c"),
    ]
