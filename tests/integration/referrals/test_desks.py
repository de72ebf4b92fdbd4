"""The pages of referrals and cases: who gets them, what bad input gets, and what is not on them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.db import transaction
from nrm.domain.referrals.referrals import DeclineReason
from nrm.domain.shelter.cases import Compartment
from nrm.models.accounts.accounts import KeyringWrap
from nrm.models.referrals.referrals import Referral
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.names import organisation
from nrm.store.referrals import next_receiver, obligations
from nrm.store.shelter import places as place_store
from nrm.web.referrals import to_do
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
JUNK: list[object] = ["", "x", "\0", "a\0b", "\u202eabc", "x" * 200_000, "😀" * 50, "-1", "1e9", str(uuid.uuid4())]
DESKS = [
    "nrc.case_worker",
    "vatra.shelter_manager",
    "ra.duty_officer",
    "trp_unit.trp_officer",
    "prosecution.witness_liaison",
    "consular.consular_officer",
    "helpline.helpline_operator",
    "child_protection.case_worker",
    "rinas.border_officer",
]


@pytest.fixture
def rinas(app: Flask) -> people.Sent:
    """Somebody the airport handed over to the National Reception Centre."""
    return people.sent(factories.actor("rinas.border_officer"))


def pages_of(sent: people.Sent) -> list[str]:
    referral, case = f"/referrals/{sent.referral_id}", f"/cases/{sent.case_id}"
    return [
        referral,
        f"{referral}/decline",
        f"{referral}/not-arrived",
        f"{referral}/withdraw",
        case,
        f"{case}/direct",
        f"{case}/refer",
        *(f"{case}/open/{compartment}" for compartment in Compartment),
        f"{case}/write/care",
        f"{case}/write/legal",
        f"{case}/openings",
        f"{case}/share",
        f"{case}/close",
    ]


def forms_of(sent: people.Sent) -> list[str]:
    referral, case = f"/referrals/{sent.referral_id}", f"/cases/{sent.case_id}"
    return [
        *(
            f"{referral}/{verb}"
            for verb in (
                "open",
                "accept",
                "decline",
                "arrive",
                "not-arrived",
                "withdraw",
                "promise",
                "offer",
                "expire",
            )
        ),
        f"{case}/direct",
        f"{case}/refer",
        f"{case}/open",
        f"{case}/write/care",
        f"{case}/write/legal",
        f"{case}/notes",
        f"{case}/share",
        f"{case}/share/{people.organisation('TRP_UNIT')}/end",
        f"{case}/close",
    ]


def answer_of(person: Person, path: str, data: dict[str, object] | None = None) -> int:
    if data is None:
        return person.client.get(path).status_code
    return person.client.post(path, data={"csrf_token": person.csrf_token, **data}).status_code


def accept(person: Person, sent: people.Sent) -> None:
    person.post(f"/referrals/{sent.referral_id}/accept", {"bed": str(people.bed("NRC")), "expected": ""})


@pytest.mark.parametrize("login", DESKS)
@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_desk_has_a_home_page_without_a_name_on_it(
    sign_in: SignIn, rinas: people.Sent, login: str, language: str
) -> None:
    page = sign_in(login).get(f"/?lang={language}")
    assert people.PLANTED not in page
    assert "<h1>" in page


def test_a_third_shelter_gets_404_for_every_page_and_form_of_the_referral_and_the_case(
    sign_in: SignIn, rinas: people.Sent
) -> None:
    nrc, third = sign_in("nrc.case_worker"), sign_in("vatra.shelter_manager")
    for _ in ("while it is asked", "after it was accepted"):
        for path in pages_of(rinas):
            assert answer_of(third, path) in ((403,) if path.endswith("/direct") else (404,)), path
        for path in forms_of(rinas):
            denied = path.endswith(("/direct", "/expire"))
            assert answer_of(third, path, {"purpose": "care"}) == (403 if denied else 404), path
        assert rinas.pseudonym not in third.get("/")
        if _ == "while it is asked":
            accept(nrc, rinas)


def test_the_sender_gets_404_for_the_case_once_it_was_accepted_even_before_the_arrival(
    sign_in: SignIn, rinas: people.Sent
) -> None:
    nrc, officer = sign_in("nrc.case_worker"), sign_in("rinas.border_officer")
    assert rinas.pseudonym in officer.get(f"/cases/{rinas.case_id}")
    officer.post(f"/cases/{rinas.case_id}/open", {"compartment": "identity", "purpose": "handing_on"})
    assert people.PLANTED in officer.get(f"/cases/{rinas.case_id}")
    accept(nrc, rinas)
    for path in (f"/cases/{rinas.case_id}", f"/cases/{rinas.case_id}/open/identity", f"/cases/{rinas.case_id}/refer"):
        assert people.PLANTED not in officer.get(path, 404)
    for compartment in Compartment:
        data: dict[str, object] = {"compartment": compartment, "purpose": "handing_on"}
        assert answer_of(officer, f"/cases/{rinas.case_id}/open", data) == 404
    page = officer.get(f"/referrals/{rinas.referral_id}?lang=en")
    assert "accepted" in page
    assert people.PLANTED not in page
    assert f"/cases/{rinas.case_id}" not in page


@pytest.mark.parametrize("login", ["molsa.statistician", "oms.monitor", "administrator", "consular.consular_officer"])
def test_accounts_without_cases_get_403_or_404_everywhere(sign_in: SignIn, rinas: people.Sent, login: str) -> None:
    person = sign_in(login)
    for path in [*pages_of(rinas), "/cases", "/referrals", "/referrals/sent", "/duty/referrals", "/duty/unplaced"]:
        assert answer_of(person, path) in (403, 404), path
    for path in [*forms_of(rinas), "/cases/find"]:
        assert answer_of(person, path, {"compartment": "identity", "purpose": "care"}) in (403, 404), path


def test_a_shelter_accepts_on_the_second_page_and_the_sender_sees_the_answer(
    sign_in: SignIn, rinas: people.Sent
) -> None:
    nrc = sign_in("nrc.case_worker")
    assert f"/referrals/{rinas.referral_id}" in nrc.get("/")
    page = nrc.get(f"/referrals/{rinas.referral_id}?lang=en")
    assert "Accept the person" in page
    where = nrc.post(f"/referrals/{rinas.referral_id}/accept", {"bed": str(people.bed("NRC", 3)), "expected": "2"})
    assert where == f"/referrals/{rinas.referral_id}/where"  # a post is told where to bring the person, not to whom
    assert f"/cases/{rinas.case_id}" in nrc.get(where)
    where = f"/cases/{rinas.case_id}"
    assert "The person has arrived" in nrc.get(where + "?lang=en")
    assert people.PLANTED not in nrc.get(where)
    assert (
        nrc.post(f"/referrals/{rinas.referral_id}/arrival", {"bed": "none-yet", "admitted": "today", "is_here": "y"})
        == where
    )


def test_the_hand_over_is_shown_only_after_it_was_opened_for_a_reason(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc = sign_in("nrc.case_worker")
    question = "Sa i rrezikuar është personi?"
    path = f"/referrals/{rinas.referral_id}"
    assert question not in nrc.get(path)
    for wrong in (
        {},
        {"compartment": "identity", "purpose": "answer"},
        {"compartment": "hand_over", "purpose": "care"},
    ):
        nrc.post(f"{path}/open", wrong, 422)  # type: ignore[arg-type]
    assert question not in nrc.get(path)
    nrc.post(f"{path}/open", {"compartment": "hand_over", "purpose": "answer"})
    assert question in nrc.get(path)
    assert question not in sign_in("nrc.shelter_manager").get(path)


def test_an_acceptance_whose_answer_was_lost_leads_to_the_case_when_it_comes_again(
    sign_in: SignIn, rinas: people.Sent
) -> None:
    nrc = sign_in("nrc.case_worker")
    data: dict[str, object] = {"bed": str(people.bed("NRC")), "expected": "2"}
    where = nrc.post(f"/referrals/{rinas.referral_id}/accept", data)
    assert where == f"/referrals/{rinas.referral_id}/where"
    assert nrc.post(f"/referrals/{rinas.referral_id}/accept", data) == where
    nrc.post(where, {"brings": "post", "place": "Bashkia e Durrësit", "telephone": "+355 69 555 0199"})
    assert nrc.post(f"/referrals/{rinas.referral_id}/accept", data) == f"/cases/{rinas.case_id}"
    nrc.post(f"/referrals/{rinas.referral_id}/accept", {**data, "bed": str(people.bed("NRC", 1))}, 409)
    sign_in("vatra.case_worker").post(f"/referrals/{rinas.referral_id}/accept", data, 404)


def test_a_second_acceptance_is_409_and_one_after_its_time_says_so(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc = sign_in("nrc.case_worker")
    accept(nrc, rinas)
    data: dict[str, object] = {"bed": str(people.bed("NRC", 1)), "expected": ""}
    nrc.post(f"/referrals/{rinas.referral_id}/accept", data, 409)
    nrc.get(f"/referrals/{rinas.referral_id}/decline", 409)
    second = people.sent(factories.actor("rinas.border_officer"))
    then = clock.now() + country().in_force(clock.now()).expires_within
    clock.set_clock(lambda: then)
    nrc = sign_in("nrc.case_worker")
    nrc.get("/?lang=en")
    page = nrc.post(f"/referrals/{second.referral_id}/accept", data, 409)
    assert "The time to answer this referral has passed" in page


def test_without_a_bed_or_with_one_that_is_taken_nothing_is_accepted(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc = sign_in("nrc.case_worker")
    nrc.get("/?lang=en")
    for bed in ("", "x", str(uuid.uuid4()), str(people.bed("IOM"))):
        page = nrc.post(f"/referrals/{rinas.referral_id}/accept", {"bed": bed, "expected": ""}, 422)
        assert "Choose a free place" in page
        assert "<title>Error:" in page


def test_what_was_chosen_to_accept_stays_when_the_language_is_changed(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc, page = sign_in("nrc.case_worker"), f"/referrals/{rinas.referral_id}"
    data = {"bed": str(people.bed("NRC", 1)), "expected": "2"}
    for shown in (nrc.get(f"{page}?lang=sq"), str(nrc.post(f"{page}/accept", {**data, "bed": ""}, 422))):
        assert re.search(r'<button class=out lang=en form="?sheet"?', shown)
        assert 'id="sheet"' in shown
    again = nrc.get(nrc.post(f"/spoken/en{page}", data))
    assert "Accept the person" in again
    for name, value in data.items():
        assert re.search(rf'name="{name}".*?<option value="{value}" selected>', again, re.DOTALL)
    carried = nrc.post(f"/language/sq{page}/accept", data, 200)
    assert {*re.findall(r'name="(?:bed|expected)" value="([^"]+)"', carried)} == {*data.values()}


def test_a_forbidden_reason_under_a_must_is_422_and_not_offered(sign_in: SignIn, app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), citizenship_class="third_country", citizenship="MD")
    nrc = sign_in("nrc.case_worker")
    page = nrc.get(f"/referrals/{sent.referral_id}/decline")
    assert 'value="full"' in page
    assert 'value="cannot_meet_need"' not in page
    for reason in ("cannot_meet_need", "other", "person_does_not_wish", "", "junk"):
        nrc.post(f"/referrals/{sent.referral_id}/decline", {"reason": reason}, 422)
    asked = nrc.post(f"/referrals/{sent.referral_id}/decline?lang=en", {"reason": "full"}, 422)
    free = len(place_store.free_lines(by=factories.actor("nrc.case_worker")))
    assert f"Free places on your board tonight: {free}" in asked
    assert 'value="full" checked' in asked
    after = nrc.post(f"/referrals/{sent.referral_id}/decline", {"reason": "full", "though_free": "y"})
    said = nrc.get(after + "?lang=en")
    assert f"You declined {sent.pseudonym}" in said
    assert "Another party is being asked now" in said
    assert "Declined by mistake?" in said
    assert organisation(people.organisation("RINAS")).telephone in said
    assert "International Organization" not in said  # not where the person goes


def test_a_stale_text_keeps_both(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc, colleague = sign_in("nrc.case_worker"), sign_in("nrc.shelter_manager")
    accept(nrc, rinas)
    path = f"/cases/{rinas.case_id}/write/care"
    nrc.post(path, {"revision": "0", "health": "", "plan": "what I wrote first"})
    colleague.post(f"/cases/{rinas.case_id}/open", {"compartment": "care", "purpose": "care"})
    page = colleague.post(path, {"revision": "0", "health": "", "plan": "what the colleague typed"}, 409)
    assert "what I wrote first" in page
    assert "what the colleague typed" in page
    colleague.post(path, {"revision": "1", "health": "", "plan": "both"})
    nrc.post(f"/cases/{rinas.case_id}/open", {"compartment": "care", "purpose": "care"})
    assert "both" in nrc.get(f"/cases/{rinas.case_id}")


def test_the_duty_officer_decides_on_a_page_with_beds_and_the_route(sign_in: SignIn, rinas: people.Sent) -> None:
    second = referrals.decline(
        referral_id=rinas.referral_id, reason=DeclineReason.OTHER, by=factories.actor("nrc.case_worker")
    )
    assert second is not None
    referrals.decline(referral_id=second, reason=DeclineReason.FULL, by=factories.actor("iom.case_worker"))
    duty = sign_in("ra.duty_officer")
    assert f"/cases/{rinas.case_id}/direct" in duty.get("/")
    path = f"/cases/{rinas.case_id}/direct"
    assert "djem nën 14 vjeç pas marrëveshjes me telefon" in duty.get(path)
    route = next_receiver.candidates(rinas.case_id, by=factories.actor("ra.duty_officer"))
    reasons = [each.reason["en"] for each in route]
    assert len(reasons) > len(set(reasons))
    for reason in reasons:  # of one clause it is said once, and not of every shelter
        assert duty.get(path + "?lang=en").count(reason) == 1
    vatra = str(people.organisation("VATRA"))
    for data in ({}, {"receiver": vatra}, {"reason": "safety"}, {"receiver": "x", "reason": "safety"}):
        duty.post(path, data, 422)  # type: ignore[arg-type]
    where = duty.post(path, {"receiver": vatra, "reason": "safety"})
    duty.get(where)
    duty.post(path, {"receiver": vatra, "reason": "safety"}, 409)
    shelter = sign_in("vatra.case_worker")
    assert "Zyra e gatishmërisë" in shelter.get(where)
    shelter.get(where + "/decline", 409)


@pytest.mark.slow
def test_the_duty_desk_takes_its_direction_back_and_reads_that_a_house_cannot_accept(
    sign_in: SignIn, rinas: people.Sent
) -> None:
    duty, post = sign_in("ra.duty_officer"), sign_in("rinas.border_officer")
    asked = f"/referrals/{rinas.referral_id}"
    # What the post sent is the post's to take back.
    assert f"{asked}/direction" not in duty.get(asked)
    duty.get(f"{asked}/direction", 409)
    duty.post(f"{asked}/direction", status=409)
    referrals.withdraw(referral_id=rinas.referral_id, by=factories.actor("rinas.border_officer"))
    manager = factories.actor("vatra.shelter_manager").member_id
    with transaction() as session:  # one holds the key there
        session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == manager))
    path = f"/cases/{rinas.case_id}/direct"
    wrong = {"receiver": str(people.organisation("VATRA")), "reason": "safety"}
    assert 'name="anyway"' not in duty.get(path)
    refused = duty.post(path + "?lang=en", wrong, 422)
    assert "This shelter cannot accept anybody yet" in refused
    assert "take the direction back" in refused
    where = duty.post(path, {**wrong, "anyway": "y"})
    shelter = sign_in("vatra.case_worker")
    house = shelter.get(where + "?lang=en")
    assert "until then decline" not in house
    assert "so you cannot decline: call it now" in house
    assert organisation(people.organisation("RA")).telephone in house
    # The wrong house: the direction is taken back, and the desk decides again at once.
    assert f"{where}/direction" in duty.get(where)
    for other in (shelter, post):
        other.get(f"{where}/direction", 403)
        other.post(f"{where}/direction", status=403)
    assert "Take the direction back" in duty.get(f"{where}/direction?lang=en")
    assert duty.post(f"{where}/direction") == path
    duty.post(f"{where}/direction", status=409)
    assert path in duty.get("/")
    home = shelter.get("/?lang=en")
    assert "Answer the referral" not in home
    told = home.partition(f"{rinas.pseudonym}</a>: taken back on ")[2].partition("</div>")[0]
    assert "Did you send somebody to fetch the person already? Call: Duty desk," in told
    assert organisation(people.organisation("RA")).telephone in told
    assert home.count(rinas.pseudonym) == 1, "it is told, and nothing is to be done of it"
    assert "Taken back: nobody is expected here by this referral" in shelter.get(where + "?lang=en")
    assert "You withdrew this referral" not in post.get(where + "?lang=en")
    following = duty.post(path, {**wrong, "receiver": str(people.organisation("IOM")), "anyway": "y"})
    # Once it is answered, nothing is taken back.
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == uuid.UUID(following[-36:])).values(status="accepted"))
    duty.post(f"{following}/direction", status=409)


def test_the_consulate_learns_that_the_person_arrived_and_nothing_else(sign_in: SignIn, app: Flask) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"), announced="yes")
    consul = sign_in("consular.consular_officer")
    page = consul.get("/?lang=en")
    assert sent.pseudonym in page
    assert "has not arrived yet" in page
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    page = consul.get("/")
    assert "Personi ka mbërritur" in page or "The person has arrived" in page
    assert "National Reception" not in page
    assert "Qendra Kombëtare" not in page


@pytest.mark.slow
def test_an_obligation_is_acknowledged_once_and_only_by_who_may(sign_in: SignIn, app: Flask) -> None:
    people.sent(factories.actor("rinas.border_officer"), age="child")
    (line,) = [
        each
        for each in obligations.owed(by=factories.actor("child_protection.case_worker")).rows
        if each.kind == "notify"
    ]
    path = f"/obligations/{line.id}/acknowledge"
    authority = sign_in("child_protection.case_worker")
    sign_in("vatra.case_worker").post(path, {}, 404)
    sign_in("molsa.statistician").post(path, {}, 403)
    home = authority.post(path)
    authority.post(path, {}, 409)
    # Who pressed it takes it back for some minutes; nobody else does, and nothing else on the way.
    back = f"/obligations/{line.id}/known/back"
    sign_in("ra.duty_officer").post(back, {}, 404)
    assert home == "/"
    assert back in authority.get("/")
    assert back in authority.get("/")  # also after the page was loaded again
    assert back not in sign_in("ra.duty_officer").get("/")
    assert authority.post(back) == "/"
    assert back not in authority.get("/")
    authority.post(back, {}, 404)
    owed = obligations.owed(by=factories.actor("child_protection.case_worker")).rows
    assert line.id in {each.id for each in owed if each.kind == "notify"}
    home = authority.post(path)
    factories.later(minutes=11)
    assert back not in authority.get(home)
    authority.post(back, {}, 404)


@pytest.mark.slow
def test_legal_counsel_is_recorded_with_the_permit_where_there_is_one(sign_in: SignIn) -> None:
    """The path said that counsel was found, and the page of the permit that it was not."""
    sent = people.sent(factories.actor("rinas.border_officer"), citizenship="MD", citizenship_class="third_country")
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    line = next(each for each in obligations.owed(by=nrc).rows if each.kind == "legal_counsel")
    worker, permit = sign_in("nrc.case_worker"), f"/cases/{sent.case_id}/permit"
    assert f'href="{permit}"' in worker.get(f"/obligations/{line.id}/acknowledge")
    today = {"on": "today", "language": "romanian", "language_other": ""}
    for event in ("inform", "counsel"):
        worker.post(permit, {**today, "event": event})
    assert "legal_counsel" not in {each.kind for each in obligations.owed(by=nrc).rows}


@pytest.mark.slow
def test_no_form_answers_junk_with_anything_but_4xx(sign_in: SignIn, rinas: people.Sent) -> None:
    nrc, officer, duty = sign_in("nrc.case_worker"), sign_in("rinas.border_officer"), sign_in("ra.duty_officer")
    referral = f"/referrals/{rinas.referral_id}"
    for junk in JUNK:
        for doubled in (junk, [junk, junk]):
            for person, path, names in (
                (nrc, f"{referral}/accept", ("bed", "expected")),
                (nrc, f"{referral}/decline", ("reason",)),
                (nrc, f"{referral}/open", ("compartment", "purpose")),
                (duty, f"{referral}/expire", ("x",)),
                (officer, f"/cases/{rinas.case_id}/open", ("compartment", "purpose")),
                (officer, f"/cases/{rinas.case_id}/refer", ("receiver", "reason", "agreed_anew")),
                (officer, "/cases/find", ("code",)),
            ):
                status = answer_of(person, path, dict.fromkeys(names, doubled))
                assert 400 <= status < 500, (path, status)
    good: dict[str, object] = {"bed": [str(people.bed("NRC")), str(people.bed("NRC", 1))], "expected": ""}
    assert answer_of(nrc, f"{referral}/accept", good) == 422
    accept(nrc, rinas)
    case = f"/cases/{rinas.case_id}"
    for junk in JUNK:
        for path, names in (
            (f"{case}/open", ("compartment", "purpose")),
            (f"{case}/share", ("what", "agreed")),
            (f"{case}/write/care", ("revision",)),
            (f"{case}/write/nothing", ("revision",)),
        ):
            status = answer_of(nrc, path, dict.fromkeys(names, junk))
            assert 400 <= status < 500, (path, status)
    for text in ("\0", "a\0b", "\u202eabc", "x" * 10_001, "", ["twice", "twice"]):
        assert answer_of(nrc, f"{case}/notes", {"text": text}) == 422
        if text != "":
            data: dict[str, object] = {"revision": "0", "health": text, "plan": ""}
            assert answer_of(nrc, f"{case}/write/care", data) == 422
    assert answer_of(nrc, f"{case}/notes", {"text": "x" * 1_000_000}) == 413
    assert case_steps.opened(case_id=rinas.case_id, by=factories.actor("nrc.case_worker")) == {}


def test_a_mark_of_another_page_of_a_list_that_nobody_was_given_is_404(sign_in: SignIn, app: Flask) -> None:
    nrc = sign_in("nrc.case_worker")
    for path in ("/referrals", "/referrals/coming", "/referrals/sent", "/cases", "/cases/shared", "/obligations"):
        nrc.get(path)
        beyond = f"0001-01-01T00:00:00%2B23:59~{uuid.uuid4()}"
        for after in ("x", "2026-01-01", "2026-01-01T00:00:00%2B00:00~", "%00", "~", beyond):
            nrc.get(f"{path}?after={after}", 404)


def test_what_is_late_is_said_in_words(sign_in: SignIn, rinas: people.Sent) -> None:
    duty = sign_in("ra.duty_officer")
    assert "1 late" not in duty.get("/?lang=en")
    then = clock.now() + timedelta(hours=1)
    clock.set_clock(lambda: then)
    duty = sign_in("ra.duty_officer")
    page = duty.get("/?lang=en")
    assert "1 late" in page
    address = f"/referrals/{rinas.referral_id}"
    assert f'href="{address}/expire"' in duty.get(address)
    assert "could still accept until" in duty.get(f"{address}/expire?lang=en")  # nothing is ended by looking
    sign_in("nrc.case_worker").get(f"{address}/expire", 403)
    duty.post(f"{address}/expire")
    assert "The duty desk asked another party on" in sign_in("nrc.case_worker").get(f"{address}?lang=en")
    iom = sign_in("iom.case_worker")
    assert rinas.pseudonym in iom.get("/")


def test_the_directory_has_every_party_once_with_its_telephone(sign_in: SignIn, app: Flask) -> None:
    page = sign_in("ra.duty_officer").get("/directory?lang=en")
    assert page.count("+355 4 000 0129") == 1
    for telephone in ("116 006", "+355 4 000 0101", "+355 33 000 103"):
        assert telephone in page
    sign_in("molsa.statistician").get("/directory", 403)


def test_the_help_line_starts_an_interview_from_its_home_page(sign_in: SignIn, app: Flask) -> None:
    operator = sign_in("helpline.helpline_operator")
    page = operator.get("/")
    new_id = page.split('name="id" value="', 1)[1].split('"', 1)[0]
    assert operator.post("/interviews", {"id": new_id}).startswith(f"/interviews/{new_id}")


def test_on_a_full_evening_a_home_page_shows_what_is_due_and_little_of_what_is_not(app: Flask) -> None:
    today = days.today()
    late, now = (to_do.Task(f"{each}", None, today - timedelta(days=each)) for each in (1, 0))
    later = [to_do.Task(f"later {each}", None, today + timedelta(days=each)) for each in range(1, 12)]
    urgent = to_do.Task("urgent", None, None)  # what follows an urgent hand-over has no day
    found = [late, now, *later, urgent]
    assert to_do.beside(found, 0) == [late, now, *later[:7], urgent]
    assert to_do.beside(found, 4) == [late, now, *later[:3], urgent]
    assert to_do.beside(found, 20) == [late, now, urgent]
    assert to_do.beside(later, 20) == later[: to_do.LEAST]
    assert to_do.beside([late] * 12, 20) == [late] * to_do.SHOWN
    assert to_do.beside([], 3) == []
