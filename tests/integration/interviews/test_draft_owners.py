"""A draft is the interviewer's: who opens it, who ends it, and what the post's key opens of it."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import db as databases
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, sealing_again
from nrm.actions.interviews import draft_owners as actions
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Anothers, Lost
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.interviews.draft_owners import (
    NoSuchColleague,
    NotTheirsToEnd,
    OnlyTheirs,
    OpenReason,
    ReasonMissing,
)
from nrm.models.accounts.accounts import Organisation
from nrm.models.accounts.alarms import Alarm
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import ChildAlert, Referral
from nrm.models.shelter.cases import Grant, MemberGrant, Reading, SealedCompartment
from nrm.steps.interviews import child_alerts, drafts
from nrm.store.accounts import alarms
from nrm.store.interviews import draft_owners as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import compartments as vault
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_agreements import colleague
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, questionnaire, walk
from tests.thief import Files, opened

SignIn = Callable[[str], Person]
SECOND = f"{LOGIN}.2"
SAID = "Nje polic mori para prej meje."


@pytest.fixture
def second(app: Flask) -> str:
    """A second officer of the post."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.code == "RINAS"))
    assert organisation is not None
    return colleague(organisation, LOGIN, factories.actor(LOGIN))


def id_of(address: str) -> uuid.UUID:
    return uuid.UUID(re.findall(r"/([0-9a-f-]{36})", address)[0])


def member_id(login: str) -> uuid.UUID:
    found = account_rows.member_by_login(login)
    assert found is not None
    return uuid.UUID(str(found.id))


def page_asking(question: str) -> str:
    return next(page.id for page in questionnaire().pages.values() if question in page.questions)


def told(person: Person, **changed: Any) -> str:
    """An interview in which the page about officials was saved; the address of the page after it."""
    answers = example(**changed)
    address = begin(person)
    walk(person, answers, address, until=page_asking("official"))
    address = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    return person.post(address, fields(page_id(address), person.get(address), answers))


def official(person: Person) -> str:
    return told(person, official="yes", official_what=SAID)


def grants_of(interview_id: uuid.UUID) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Grant).where(Grant.case_id == interview_id)) or 0


def row(interview_id: uuid.UUID) -> Interview:
    db.session.rollback()
    return db.session.get_one(Interview, interview_id)


def written(session: Session, interview_id: uuid.UUID, by: Actor, **said: str) -> tuple[drafts.Draft, drafts.Draft]:
    """The draft before and after its interviewer wrote that."""
    draft = drafts.opened(session, session.get_one(Interview, interview_id), by=by)
    return draft, drafts.rewritten(session, draft, {**draft.answers, **said}, ["start"], by=by)


def files_of(tmp_path: Path, name: str) -> Files:
    databases.disconnect()
    folder = next(path.parent for path in tmp_path.rglob("main.db") if "stolen" not in str(path))
    copy = tmp_path / "stolen" / name
    shutil.copytree(folder, copy)
    return Files(copy, copy)


@pytest.mark.slow
def test_a_colleague_does_not_open_a_draft_that_says_a_policeman_took_money(
    sign_in: SignIn, second: str, tmp_path: Path
) -> None:
    """What went through: a colleague of the post opened it, and a link to destroy it stood there."""
    address = official(sign_in(LOGIN))
    interview_id, another = id_of(address), sign_in(second)
    for path in (address, f"/interviews/{interview_id}", f"/drafts/{interview_id}/open"):
        body = another.get(path)
        assert SAID not in body
        assert "discard" not in body
        assert 'name="reason"' not in body  # no reason opens it
    refused = another.post(f"/drafts/{interview_id}/open", {"reason": "danger"}, status=409)
    assert SAID not in refused
    assert "Vetëm personi që e mban intervistën" in refused
    for act in ("end", "discard", "without"):
        another.post(f"/interviews/{interview_id}/{act}", {"seen": "1", "reason": "other"}, status=409)
    another.post(f"/interviews/{interview_id}/resume", status=409)
    assert row(interview_id).status == "draft"
    assert grants_of(interview_id) == 0
    found = files_of(tmp_path, "now")
    assert (interview_id.hex, "draft") not in opened(found, "RINAS", own=False)
    assert (
        opened(found, "RINAS")[interview_id.hex, "draft"]["answers"]["official_what"] == SAID
    )  # the interviewer's key


@pytest.mark.parametrize("answer", ["yes", "dont_know", "no_answer"])
def test_whatever_is_not_no_takes_the_posts_grant_away_in_the_same_transaction(
    sign_in: SignIn, tmp_path: Path, answer: str
) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until=page_asking("official"))
    interview_id = id_of(address)
    before = files_of(tmp_path, "before")
    assert (interview_id.hex, "draft") in opened(before, "RINAS", own=False)
    page = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    person.post(page, fields(page_id(page), person.get(page), example(official=answer)))
    now = files_of(tmp_path, "now")
    assert (interview_id.hex, "draft") not in opened(now, "RINAS", own=False)
    # What somebody kept of the main database opens nothing more: its half in the second one is destroyed.
    assert (interview_id.hex, "draft") not in opened(Files(before.main, now.shred), "RINAS")


def test_no_leaves_the_draft_to_the_post(sign_in: SignIn) -> None:
    assert grants_of(id_of(told(sign_in(LOGIN), official="no"))) == 1


def test_corrected_to_no_it_stays_the_interviewers(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = official(person)
    page = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    person.post(page, fields(page_id(page), person.get(page), example(official="no")))
    assert grants_of(id_of(address)) == 0
    assert "official" in interviews.read(interview_id=id_of(address), by=_session(person)).answers


def _session(person: Person) -> Actor:
    """The actor of this person's browser session."""
    cookies = [each.value for each in person.client._cookies.values()]
    found = next(each for each in map(accounts.resume, cookies) if isinstance(each, accounts.SignedIn))
    return found.actor


@pytest.mark.slow
def test_the_interviewer_goes_on_page_after_page_and_sends_and_the_post_gets_nothing_back(
    app: Flask, sign_in: SignIn, second: str, tmp_path: Path
) -> None:
    person = sign_in(LOGIN)
    address = official(person)
    interview_id = id_of(address)
    walk(person, example(official="yes", official_what=SAID), address)
    assert row(interview_id).status == "sent"
    told_parts = {(interview_id.hex, name) for name in ("hand_over", "identity", "story")}
    now = files_of(tmp_path, "sent")
    assert not told_parts & set(opened(now, "RINAS", own=False))
    assert told_parts <= set(opened(now, "RINAS"))  # by the interviewer's own key, until somebody accepts
    asked = opened(now, "NRC", "IOM", "VATRA", "TJETER_VIZION", "NRCSRVT")
    assert told_parts <= set(asked)
    assert "Dërguar" in person.get(f"/interviews/{interview_id}/sent")
    db.session.rollback()
    assert not db.session.scalars(select(MemberGrant).where(MemberGrant.compartment == "draft")).all()


def test_a_colleagues_draft_asks_a_reason_and_is_told_to_the_others_at_once(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    address = told(owner, official="no")
    interview_id, another = id_of(address), sign_in(second)
    asked = another.get(address)
    assert 'name="reason"' in asked
    assert "Pse e hapni?" in asked
    another.post(f"/interviews/{interview_id}/resume", status=409)
    assert "Zgjidhni pse e hapni" in another.post(
        f"/drafts/{interview_id}/open", {"page": page_id(address)}, status=422
    )
    assert another.post(f"/drafts/{interview_id}/open", {"page": page_id(address), "reason": "shift_over"}).endswith(
        page_id(address)
    )
    assert 'id="sheet"' in another.get(address)
    assert "/alarms" in owner.get("/")
    told_of = owner.get("/alarms")
    assert "Hapi intervistën e një kolegu" in told_of
    assert SECOND in told_of
    assert "/alarms" not in another.get("/")
    log = owner.get("/openings?whose=colleagues")
    assert row(interview_id).pseudonym in log
    assert "ndërrimi i kolegut mbaroi" in log.casefold()
    assert alarms.waiting(by=factories.actor("ra.duty_officer")) == 1


def test_two_within_an_hour_are_one_alarm_that_grows(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    both = [id_of(begin(owner)) for _ in range(2)]
    by = factories.actor(second)
    for interview_id in both:
        actions.open_anothers(interview_id=interview_id, reason="asked", by=by)
    db.session.rollback()
    assert [(each.kind, each.cases) for each in db.session.scalars(select(Alarm))] == [("drafts", 2)]
    assert {each.purpose for each in db.session.scalars(select(Reading))} == {OpenReason.ASKED}


def test_one_who_opened_it_goes_on_and_sends_but_ends_nothing(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    address = told(owner, official="no")
    interview_id, another = id_of(address), sign_in(second)
    another.post(f"/drafts/{interview_id}/open", {"reason": "shift_over"})
    tasks = another.get(f"/interviews/{interview_id}")
    assert "discard" not in tasks
    assert "hand-over" not in tasks
    for act in ("end", "discard", "without"):
        refused = another.get(f"/interviews/{interview_id}/{act}", status=409)
        assert "Vetëm intervistuesi e mbyll" in refused
        another.post(f"/interviews/{interview_id}/{act}", {"seen": "1", "reason": "other"}, status=409)
    walk(another, example(), address)
    assert row(interview_id).status == "sent"


def test_a_form_that_comes_after_the_leave_ended_is_kept_until_the_reason_is_given(
    sign_in: SignIn, second: str
) -> None:
    owner = sign_in(LOGIN)
    address = told(owner, official="no")
    another = sign_in(second)
    interview_id = id_of(address)
    another.post(f"/drafts/{interview_id}/open", {"reason": "asked"})
    sent = fields(page_id(address), another.get(address), example(needs=["doctor"], needs_note="Shprese typed"))
    with transaction() as session:
        vault.end_leave(session, interview_id, "draft")
    body = another.post(address, sent, status=409)
    assert "Shprese typed" in body
    carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body))
    assert carried["needs_note"] == "Shprese typed"
    response = another.client.post(
        f"/drafts/{interview_id}/open", data={**carried, "reason": "asked", "csrf_token": another.csrf_token}
    )
    assert response.status_code == 307  # the browser sends it again to where it was meant for
    assert response.headers["Location"].endswith(page_id(address))


def test_it_is_handed_over_to_one_named_colleague_who_alone_opens_it(
    sign_in: SignIn, second: str, tmp_path: Path
) -> None:
    owner = sign_in(LOGIN)
    interview_id = id_of(official(owner))
    page = f"/drafts/{interview_id}/hand-over"
    seen = re.search(r'name="seen" value="(\d+)"', owner.get(page))
    assert seen
    sent = {"seen": seen.group(1), "name": "Nobody Such", "why": "Shift is over"}
    refused = owner.post(page, sent, status=422)
    assert "Nobody Such" in refused
    assert "Shift is over" in refused
    assert "Shkruani pse" in owner.post(page, {**sent, "name": second, "why": " "}, status=422)
    owner.post(page, {**sent, "name": f" {second.upper()} "})
    assert row(interview_id).member_id == member_id(second)
    another = sign_in(second)
    another.post(f"/interviews/{interview_id}/resume")
    assert "Shift is over" in another.get(f"/interviews/{interview_id}")
    assert SAID not in owner.get(f"/interviews/{interview_id}")
    owner.post(f"/interviews/{interview_id}/resume", status=409)
    found = opened(files_of(tmp_path, "now"), "RINAS", own=False)
    assert (interview_id.hex, "draft") not in found
    db.session.rollback()
    assert set(db.session.scalars(select(MemberGrant.member_id))) == {member_id(second)}


def test_nobody_is_handed_anything_who_does_not_work_here(sign_in: SignIn, second: str) -> None:
    by = factories.actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    seen = interviews.read(interview_id=interview_id, by=by).revision
    for name in (LOGIN, "ra.duty_officer", "kakavije.border_officer", "%", ""):
        with pytest.raises(NoSuchColleague):
            actions.hand_over(interview_id=interview_id, name=name, why="x", seen=seen, by=by)
    with pytest.raises(ReasonMissing):
        actions.hand_over(interview_id=interview_id, name=second, why=" ", seen=seen, by=by)
    with pytest.raises(NotTheirsToEnd):
        actions.hand_over(interview_id=interview_id, name=LOGIN, why="x", seen=seen, by=factories.actor(second))
    with pytest.raises(NotVisible):
        actions.open_anothers(
            interview_id=interview_id, reason="asked", by=factories.actor("helpline.helpline_operator")
        )
    with pytest.raises(ReasonMissing):
        actions.open_anothers(interview_id=interview_id, reason="same_paper", by=factories.actor(second))


def test_send_as_urgent_now_leads_to_the_urgent_way_of_the_same_interview(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = official(person)
    interview_id = id_of(address)
    sent = {**fields(page_id(address), person.get(address), example(official="yes")), "leave": "1"}
    assert person.post(address, sent) == f"/drafts/{interview_id}"  # saved and left: what that means, and the ways on
    page = person.get(f"/drafts/{interview_id}")
    assert f"/drafts/{interview_id}/hand-over" in page
    assert f"/drafts/{interview_id}/urgent" in page
    where = person.post(f"/drafts/{interview_id}/urgent")
    assert where.startswith(f"/interviews/{interview_id}/")
    assert page_id(where) in next(route.pages for route in questionnaire().routes if "urgent" in route.id)


def test_whoever_ends_the_interviewers_account_destroys_nothing_of_the_draft(second: str, tmp_path: Path) -> None:
    by = factories.actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    with transaction() as session:
        written(session, interview_id, by, official="yes", official_what=SAID)
    assert grants_of(interview_id) == 0  # by the interviewer's own key alone
    hands.ended(member_id(LOGIN), factories.actor(second))
    db.session.rollback()
    ended = account_rows.member_by_login(LOGIN)
    assert ended is not None
    assert ended.status == "disabled"
    assert [(each.id, each.lost) for each in store.of_colleagues(by=factories.actor(second)).rows] == [
        (interview_id, False)
    ]
    # The sealed draft, its grant, both halves of its key and the interviewer's keys: without one of them nothing opens.
    found = opened(files_of(tmp_path, "now"), "RINAS")
    assert found[interview_id.hex, "draft"]["answers"]["official_what"] == SAID


@pytest.mark.slow
def test_an_account_that_begins_anew_loses_the_draft_and_says_so(sign_in: SignIn, second: str, tmp_path: Path) -> None:
    owner = sign_in(LOGIN)
    interview_id = id_of(official(owner))
    beginning_anew.begin_again(member_id=member_id(LOGIN), by=factories.actor(second))
    db.session.rollback()
    assert db.session.scalars(select(MemberGrant)).all()  # who asks for it destroys nothing of the account
    beginning_anew.agree_to_anew(member_id=member_id(LOGIN), called_back=True, by=factories.actor(hands.DESK))
    another = sign_in(second)
    home = another.get("/")
    assert row(interview_id).pseudonym in home
    assert "e humbur: askush nuk mund ta hapë" in home
    assert "Kjo intervistë ka humbur" in another.get(f"/drafts/{interview_id}/open")
    with pytest.raises(Lost):
        actions.open_anothers(interview_id=interview_id, reason="danger", by=factories.actor(second))
    now = files_of(tmp_path, "now")
    assert interview_id.hex not in {case for case, *_ in now.shred_keys}
    assert row(interview_id).status == "draft"


def test_a_lost_draft_of_a_child_stays_on_the_child_authoritys_desk(sign_in: SignIn, second: str) -> None:
    by = factories.actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    with transaction() as session:
        draft, after = written(session, interview_id, by, age="child", official="yes")
        child_alerts.tell(session, interview_id, draft.questionnaire, draft.answers, after.answers, by=by)
    assert grants_of(interview_id) == 0
    hands.ended(member_id(LOGIN), factories.actor(second))
    factories.later(timedelta(days=8))
    tending.tend()
    assert row(interview_id).status == "draft"  # the desk is asked, and nothing of the alert is gone
    alert = db.session.get_one(ChildAlert, interview_id)
    assert alert.withdrawn_at is None
    assert alert.opinion_why == "draft_over"


def test_a_draft_of_ones_own_is_destroyed_when_its_days_are_over(sign_in: SignIn) -> None:
    interview_id = id_of(official(sign_in(LOGIN)))
    factories.later(timedelta(days=8))
    tending.tend()
    assert row(interview_id).status == "ended"
    assert db.session.scalars(select(MemberGrant)).all() == []
    assert db.session.scalars(select(SealedCompartment).where(SealedCompartment.case_id == interview_id)).all() == []


def test_new_keys_of_the_post_leave_it_the_interviewers(sign_in: SignIn, second: str, tmp_path: Path) -> None:
    person = sign_in(LOGIN)
    address = official(person)
    interview_id = id_of(address)
    by = factories.actor(second)
    third = colleague(db.session.get_one(Organisation, by.organisation_id), second, factories.actor(LOGIN))
    hands.ended(member_id(third), by)
    sealing_again.move_grants(by=by)
    sealing_again.seal_again(by=by)
    assert grants_of(interview_id) == 0
    again = sign_in(LOGIN)
    again.post(f"/interviews/{interview_id}/resume")
    page = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    assert SAID in again.get(page)
    assert (interview_id.hex, "draft") not in opened(files_of(tmp_path, "now"), "RINAS", own=False)


def test_an_interviewer_written_by_hand_is_none(sign_in: SignIn, second: str) -> None:
    """Who writes to the main database does not make an accomplice the interviewer."""
    by = factories.actor(LOGIN)
    interview_id = interviews.start(interview_id=uuid.uuid4(), by=by)
    db.session.execute(update(Interview).where(Interview.id == interview_id).values(member_id=member_id(second)))
    db.session.commit()
    with pytest.raises(Anothers):
        interviews.resume(interview_id=interview_id, by=factories.actor(second))
    with pytest.raises(NotTheirsToEnd):
        interviews.discard(interview_id=interview_id, by=factories.actor(second))


def test_a_colleague_who_writes_the_yes_does_not_take_the_draft_from_its_interviewer(
    sign_in: SignIn, second: str
) -> None:
    owner = sign_in(LOGIN)
    address = told(owner, official="no")
    interview_id, another = id_of(address), sign_in(second)
    another.post(f"/drafts/{interview_id}/open", {"reason": "danger"})
    page = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    another.post(page, fields(page_id(page), another.get(page), example(official="yes", official_what=SAID)))
    assert grants_of(interview_id) == 0
    assert row(interview_id).member_id == member_id(LOGIN)
    assert set(db.session.scalars(select(MemberGrant.member_id))) == {member_id(LOGIN), member_id(second)}
    owner.post(f"/interviews/{interview_id}/resume")
    assert SAID in owner.get(page)


def test_a_colleague_in_the_middle_of_it_is_shut_out_when_the_yes_is_said(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    address = begin(owner)
    walk(owner, example(), address, until=page_asking("official"))
    interview_id, another = id_of(address), sign_in(second)
    another.post(f"/drafts/{interview_id}/open", {"reason": "asked"})
    page = f"{address.rsplit('/', 1)[0]}/{page_asking('official')}"
    owner.post(page, fields(page_id(page), owner.get(page), example(official="yes", official_what=SAID)))
    assert SAID not in another.get(page)
    with pytest.raises(OnlyTheirs):
        actions.open_anothers(interview_id=interview_id, reason="danger", by=factories.actor(second))


def test_others_see_code_page_and_hour_and_of_what_is_closed_the_code(sign_in: SignIn, second: str) -> None:
    owner = sign_in(LOGIN)
    ordinary, closed = id_of(told(owner, official="no")), id_of(official(owner))
    lines = {line.id: line for line in store.of_colleagues(by=factories.actor(second)).rows}
    assert (lines[ordinary].closed, lines[closed].closed) == (False, True)
    home = sign_in(second).get("/")
    table = home[home.index('id="colleagues"') :]
    closed_row = next(part for part in table.split("<tr>") if lines[closed].pseudonym in part)
    assert re.sub(r"<[^>]+>|\s|: " + lines[closed].pseudonym, "", closed_row.split("</tr>")[0]).startswith(
        lines[closed].pseudonym
    )
    assert not re.search(r"\d\d:\d\d", closed_row.split("</tr>")[0])
    assert store.of_colleagues(by=factories.actor(LOGIN)).rows == []


def struck_out(person: Person, page: str) -> list[str]:
    """The parties that stand ticked on the page that names them."""
    return re.findall(r'<input type="checkbox"[^>]* name="parties" value="(\w+)" checked', person.get(page))


def consented(person: Person, page: str, struck_out: list[str], status: int = 303, **changed: Any) -> str:
    """Send the page on consent with these parties ticked; where it leads."""
    answers = example(gender="feminine", **changed)
    return person.post(page, {**fields(page_id(page), person.get(page), answers), "parties": struck_out}, status=status)


def opened_by_a_colleague(owner: Person, another: Person) -> tuple[uuid.UUID, str, str]:
    """An interview in which the person struck Vatra out, opened by a colleague with a reason: the page on consent, and
    the page after it."""
    answers, asking = example(gender="feminine"), page_asking("consent_sharing")
    address = begin(owner)
    walk(owner, answers, address, until=asking)
    page = f"{address.rsplit('/', 1)[0]}/{asking}"
    following = consented(owner, page, ["VATRA"])
    another.post(f"/drafts/{id_of(address)}/open", {"reason": "asked"})
    return id_of(address), page, following


@pytest.mark.slow
def test_a_colleague_does_not_take_back_whom_the_person_struck_out(sign_in: SignIn, second: str) -> None:
    """What went through: a colleague unticked the shelter, and sent her there on the yes that she gave to others."""
    owner, another = sign_in(LOGIN), sign_in(second)
    interview_id, page, _ = opened_by_a_colleague(owner, another)
    body = another.get(page)
    assert re.search(r'<input type="checkbox"[^>]* value="VATRA" checked disabled>', body)
    assert '<input type="hidden" name="parties" value="VATRA">' in body
    assert "vetëm intervistuesi mund ta kthejë" in body
    assert "disabled" not in owner.get(page)
    assert "Vetëm intervistuesi mund ta kthejë" in consented(another, page, [], status=409)
    screen = f"/interviews/{interview_id}/{page_asking('age')}"
    child = fields(page_id(screen), another.get(screen), example(age="child"))
    another.post(screen, child, status=409)  # nobody asks a child whom to strike out
    assert struck_out(owner, page) == ["VATRA"]
    consented(another, page, ["NRC", "VATRA"])
    assert struck_out(owner, page) == ["NRC", "VATRA"]
    consented(owner, page, [])
    assert struck_out(owner, page) == []


def test_a_colleague_takes_nothing_back_on_the_page_that_sends(sign_in: SignIn, second: str) -> None:
    owner, another = sign_in(LOGIN), sign_in(second)
    interview_id, _, following = opened_by_a_colleague(owner, another)
    seen = fields(page_id(following), another.get(following), {})
    address = another.post(following, {**seen, "stop": "1"})
    urgent = example(gender="feminine", urgent="yes", consent_urgent="given")
    loaded = walk(another, urgent, address, until="urgent_send")
    last = f"/interviews/{interview_id}/{loaded[-1]}"
    sent = {**fields("urgent_send", another.get(last), urgent), "party": "VATRA", "override_reason": "other"}
    another.post(last, sent, status=409)
    assert row(interview_id).status == "draft"
    assert struck_out(owner, last) == ["VATRA"]


def test_who_did_not_hear_it_asks_no_shelter_that_was_struck_out(sign_in: SignIn, second: str) -> None:
    """What went through: a colleague withdrew what was sent, and wrote down a yes that nobody gave."""
    owner, another = sign_in(LOGIN), sign_in(second)
    interview_id, _, following = opened_by_a_colleague(owner, another)
    walk(another, example(gender="feminine"), following)  # not even the colleague who went on and sent it
    vatra = db.session.scalar(select(Organisation.id).where(Organisation.code == "VATRA"))
    referral = db.session.scalar(select(Referral.id).where(Referral.case_id == interview_id))
    another.post(f"/referrals/{referral}/withdraw")
    form: dict[str, Any] = {"receiver": str(vatra), "reason": "other"}
    refer = f"/cases/{interview_id}/refer"
    assert "Personi nuk ka thënë po për të." in another.post(refer, form, status=422)
    yes = {**form, "by_name": "yes", "by_name_of": str(vatra)}
    assert "Vetëm ai koleg mund ta kthejë" in another.post(refer, yes, status=422)
    asked = select(func.count()).select_from(Referral).where(Referral.receiver_id == vatra)
    db.session.rollback()
    assert db.session.scalar(asked) == 0
    owner.post(refer, yes)
    db.session.rollback()
    assert db.session.scalar(asked) == 1
