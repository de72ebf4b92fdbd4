"""What is signed: weakenings first and accepted with a reason, every key of the text in words, the same digest."""

from __future__ import annotations

import copy
import hashlib
import html
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pikepdf
import pytest
from flask import Flask, render_template
from sqlalchemy import select, update

from nrm import audit
from nrm.actions.agreement import agreement_drafting
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.db import db, transaction
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.models.accounts.accounts import Organisation
from nrm.models.agreement.agreements import AcceptedWeakening
from nrm.models.audit import AuditEntry
from nrm.steps.agreement import known_versions, version_studies
from nrm.store.agreement.agreement_simulation import SIMULATION
from nrm.web import telephones
from nrm.web.agreement import agreement_texts
from nrm.web.agreement.agreement_texts import text_in_words
from nrm.web.agreement.text_differences import differences
from nrm.web.language import speaking
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person

SignIn = Callable[[str], Person]
LATE = ('within = "PT15M", grant = ["identity"] }]', 'within = "P1D", grant = ["identity", "story"] }]')
REASON = "The line of child protection is closed at night"


@pytest.fixture
def proposed(app: Flask) -> Flask:
    agreement_drafting.propose(text=texts.draft("2027", None, LATE), by=factories.actor(texts.COORDINATOR))
    return app


def numbers() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AcceptedWeakening.number).order_by(AcceptedWeakening.number)))


def test_a_weakening_is_accepted_by_number_with_a_reason_before_the_approval(proposed: Flask, sign_in: SignIn) -> None:
    coordinator = sign_in(texts.COORDINATOR)
    page = coordinator.get("/agreement/2027/changes?lang=en")
    first = page.partition("What this version weakens")[2]
    assert "Child Protection Service is told within 24 hours; must be within 15 minutes" in first
    assert "Child Protection Service is told within 24 hours; was within 15 minutes" in first
    assert "For example: " in first
    assert version_studies.study_of("2027", by=factories.actor(texts.COORDINATOR)).weakened == (
        "1",
        "8",
        "17",
        "21",
        "23",
    )
    for number in ("1", "8"):
        path = f"/agreement/2027/weakened/{number}"
        assert "Accept it" in coordinator.get(f"{path}?lang=en")
        for nothing in ("  ", "ok", "ok " * 10, "0123456789012345678901"):
            assert "Enter why, in two words or more" in coordinator.post(f"{path}?lang=en", {"reason": nothing}, 422)
        assert coordinator.post(path, {"reason": REASON + number}) == "/agreement/2027/changes#weakened"
        assert REASON + number in coordinator.get(path)
        coordinator.post(path, {"reason": REASON + number + "."})  # a reason is put right until the text is open
    assert numbers() == ["1", "8"]
    elsewhere = {"reason": "Questions are answered by our office, 069 123 4567"}
    assert "without a telephone number" in coordinator.post("/agreement/2027/weakened/21?lang=en", elsewhere, 422)
    copied = coordinator.post("/agreement/2027/weakened/21?lang=en", {"reason": f" {REASON}1. "}, 422)
    assert "this one was given for another safeguard" in copied
    for number in ("21", "23"):
        texts.accepted_one("2027", number)
    coordinator.get("/agreement/2027/weakened/13", status=404)
    coordinator.post("/agreement/2027/weakened/13", {"reason": REASON}, status=404)
    withheld = simulations.Withheld(date(2026, 1, 1), date(2026, 3, 31)).to_json()
    simulations.keep(text=texts.draft("2027", None, LATE), simulated=withheld, by=SIMULATION)
    day = texts.today()
    approval = {"on-day": day.day, "on-month": day.month, "on-year": day.year, "note": "Decision 12"}
    refused = coordinator.post("/agreement/2027/approve?lang=en", approval, status=409)
    assert "nobody accepted that with a reason" in refused
    texts.accepted_one("2027", "17")
    coordinator.post("/agreement/2027/approve", approval)
    coordinator.post("/agreement/2027/open")
    assert audit.Event.AGREEMENT_WEAKENING_ACCEPTED in set(db.session.scalars(select(AuditEntry.event)))
    for path in ("", "/changes", "/sign"):
        signer = sign_in("vatra.case_worker").get(f"/agreement/2027{path}?lang=en")
        assert re.search(f"Accepted by Test coordinator on [^<]*, because, as it was written: <[^>]*>{REASON}", signer)
        assert "Accept it, with a reason" not in signer
    coordinator.get("/agreement/2027/weakened/1", status=409)


@pytest.mark.slow  # a text is written, accepted, approved, opened and read by a signer
def test_names_and_numbers_of_parties_that_change_are_read_first_and_accepted(app: Flask, sign_in: SignIn) -> None:
    """No trial is asked of such a text: the houses change their names, and the telephones stay with the codes."""
    by = factories.actor(texts.COORDINATOR)
    swapped = [
        (
            f'names = {{ sq = "{name}", en = "{name}" }}\nsigned_on',
            f'names = {{ sq = "{new}", en = "{new}" }}\nsigned_on',
        )
        for name, new in (("Vatra, Vlorë", "Tjetër Vizion,  E"), ("Tjetër Vizion, Elbasan", "Vatra, Vlorë"))
    ]
    text = texts.draft(
        "2027",
        None,
        *swapped,
        ("Tjetër Vizion,  E", "Tjetër Vizion, Elbasan"),
        ("Tjetër Vizion,  E", "Tjetër Vizion, Elbasan"),
        ('"+355 33 000 103"', '"+355 69 111 1111"'),
        ('sq = "Qendra Kombëtare Pritëse", en = "National', 'sq = "Policia e Shtetit", en = "National'),
    )
    agreement_drafting.propose(text=text, by=by)
    coordinator = sign_in(texts.COORDINATOR)
    first = html.unescape(coordinator.get("/agreement/2027/changes?lang=en")).partition("What this version weakens")[2]
    for said in (
        "is called at +355 69 111 1111; was at +355 33 000 103",
        "the party with the code VATRA takes the name “Tjetër Vizion, Elbasan”, by which TJETER_VIZION is known; was "
        "“Vatra, Vlorë”",
        "the party with the code TJETER_VIZION takes the name “Vatra, Vlorë”, by which VATRA is known",
        "the party with the code NRC takes the name “Policia e Shtetit”, by which MOPO is known; was “Qendra",
    ):
        assert said in first.partition("The text in force has this, too")[0]
    for number in ("17", "28"):
        texts.accepted_one("2027", number)
    with pytest.raises(actions.IllegalVersionStep):
        actions.approve(version="2027", on=texts.today(), note="Letter 12", by=by)
    coordinator.post("/agreement/2027/weakened/34", {"reason": REASON})
    actions.approve(version="2027", on=texts.today(), note="Letter 12", by=by)
    actions.open_for_signature(version="2027", by=by)
    signer = html.unescape(sign_in("vatra.case_worker").get("/agreement/2027/sign?lang=en"))
    assert 0 < signer.index("the party with the code VATRA takes the name") < signer.index('id="different"')


@pytest.mark.parametrize("login", ["vatra.case_worker", "rinas.border_officer", "administrator", "ra.duty_officer"])
def test_nobody_else_accepts_a_weakening(proposed: Flask, sign_in: SignIn, login: str) -> None:
    person = sign_in(login)
    person.get("/agreement/2027/weakened/1", status=403)
    person.post("/agreement/2027/weakened/1", {"reason": REASON}, status=403)
    assert numbers() == []


def test_a_reason_that_another_hand_changed_is_not_believed(proposed: Flask, sign_in: SignIn) -> None:
    texts.tried(texts.draft("2027", None, LATE))
    by = factories.actor(texts.COORDINATOR)
    actions.approve(version="2027", on=texts.today(), note="Letter 12", by=by)
    with transaction() as session:
        session.execute(update(AcceptedWeakening).where(AcceptedWeakening.number == "1").values(reason="Nothing"))
    page = sign_in(texts.COORDINATOR).get("/agreement/2027/changes?lang=en")
    assert "was changed in the database by another hand" in page
    assert "Nothing</span>" not in page
    with pytest.raises(actions.IllegalVersionStep):
        actions.open_for_signature(version="2027", by=by)


def test_what_is_signed_is_what_can_be_taken_along(app: Flask, sign_in: SignIn) -> None:
    text = texts.draft("2027", None, LATE)
    texts.opened(text)
    person = sign_in("vatra.case_worker")
    digest = hashlib.sha256(text.encode()).hexdigest()
    page = person.get("/agreement/2027/sign?lang=en")
    assert f'name="read" value="{digest}"' in page
    assert digest in page.partition('name="read"')[0]
    assert digest in person.get("/agreement/2027")
    answer = person.client.get("/agreement/2027/text")
    assert answer.data == text.encode()
    assert answer.headers["Content-Disposition"] == "attachment; filename=agreement-2027.toml"
    for signer in texts.signers("VATRA"):
        texts.sign("2027", signer)


def test_the_text_in_force_is_there_for_every_party_and_for_nobody_else(app: Flask, sign_in: SignIn) -> None:
    for login in ("vatra.case_worker", "rinas.border_officer", "ra.duty_officer", texts.COORDINATOR):
        person = sign_in(login)
        assert person.client.get("/agreement/2005/text").data.decode() == texts.SHIPPED
        page = person.get("/agreement/2005?lang=en")
        assert hashlib.sha256(texts.SHIPPED.encode()).hexdigest() in page
        assert "Safeguard 17" in page
        assert "Accepted, because: Men at high or unknown risk" in page
    for login in ("molsa.statistician", "administrator"):
        for path in ("text", "pdf", "facts", "compared", "readers", "people"):
            sign_in(login).get(f"/agreement/2005/{path}", status=403)


def test_a_proposal_is_nobodys_but_the_coordinators(proposed: Flask, sign_in: SignIn) -> None:
    vatra = sign_in("vatra.case_worker")
    for path in ("text", "pdf", "facts", "compared", "readers", "people"):
        vatra.get(f"/agreement/2027/{path}", status=404)
        sign_in(texts.COORDINATOR).get(f"/agreement/2028/{path}", status=404)


@pytest.mark.slow
def test_the_pdf_has_the_digest_and_the_very_text(app: Flask, sign_in: SignIn) -> None:
    text = texts.draft("2027", None, LATE)
    texts.opened(text)
    answer = sign_in("vatra.case_worker").client.get("/agreement/2027/pdf")
    assert answer.content_type == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        (attached,) = pdf.attachments.values()
        assert attached.get_file().read_bytes() == text.encode()
        assert hashlib.sha256(text.encode()).hexdigest() in attached.description


def test_each_difference_stands_on_its_pages_with_somebody(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft("2027", None, LATE))
    person = sign_in("vatra.case_worker")
    compared = person.get("/agreement/2027/compared?lang=en")
    assert "Who is told, and when: Child Protection Service" in compared
    assert "Who may read what: Child Protection Service" in compared
    readers = html.unescape(person.get("/agreement/2027/readers?lang=en"))
    assert "Child Protection Service" in readers.partition("<tbody>")[2].partition("</tr>")[0]
    assert "Identity, Story" in readers
    pages = [person.get(f"/agreement/2027/people?lang=en&page={number}") for number in range(1, 6)]
    assert sum(page.count("<h2>") for page in pages) >= 20
    assert "<strong>Told: Child Protection Service within 24 hours; reads: Identity, Story</strong>" in pages[0]
    assert "<h2>" not in person.get("/agreement/2027/people?lang=en&page=99")
    person.get("/agreement/2027/people?page=x")


# --- every key of the document

WORDS = {"sq": "Fjalë krejt të tjera.", "en": "Quite other words."}


def whole() -> dict[str, Any]:
    """The shipped document with every key that a document can have."""
    data = tomllib.loads(texts.SHIPPED)
    data["until"] = date(2030, 1, 1)
    data["party"][2] |= {"from": date(2026, 1, 1), "until": date(2029, 1, 1)}
    coalition = copy.deepcopy(data["party"][4])
    coalition |= {"code": "SOUTH", "kind": "coalition", "members": ["VATRA", "TJETER_VIZION"], "names": WORDS}
    data["party"] += [coalition, {**copy.deepcopy(data["party"][4]), "code": "UNNAMED"}]
    told = [{"party": "RA", "within": "PT1H"}]
    data["clause"] += [
        {"number": "9.2", "text": WORDS, "origin": "proposal", "on": "missing", "notify": told},
        {"number": "9.3", "text": WORDS, "origin": "proposal", "ends": True, "notify": told},
        {"number": "9.4", "text": WORDS, "origin": "proposal", "must": True, "refer_to": ["NRC"]},
    ]
    data["clause"].append(
        {
            "number": "9.1",
            "text": WORDS,
            "origin": "proposal",
            "when": {"not": {"or": [{"eq": ["urgent", True]}, {"has": ["needs", "legal"]}]}},
            "refer_to": ["SOUTH/VATRA"],
            "must": True,
            "then": ["ngo_shelter"],
            "forbid": ["IOM"],
            "overrides": ["2.1"],
            "require": [{"step": "legal_counsel", "party": "RA", "before": "hearing", "within": "PT2H"}],
        }
    )
    return data


OTHER: dict[str, Any] = {
    "version": "other",
    "code": "OTHER",
    "timezone": "Europe/Rome",
    "referral_expires": "PT9H",
    "kind": "helpline",
    "on_call": "+355 9",
    "telephone": "+355 8",
    "opens": "01:00",
    "closes": "23:30",
    "number": "99.9",
    "origin": "proposal",
    "within": "PT7M",
    "after": "PT77H",
    "every": "P7M",
    "step": "another step",
    "before": "another step",
    "through": "NRC",
    "to": "RA",
    "responsible": "IOM",
    "sq": "Krejt tjetër.",
    "en": "Quite different.",
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of one entry for each key of the document: of lists of tables every one, of other lists the whole."""
    if isinstance(value, dict) and not (path and path[-1] in ("when", "competence")):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, below in enumerate(value):
            yield from leaves(below, (*path, place))
    else:
        yield path


def key_of(path: tuple[Any, ...]) -> str:
    return ".".join(str(each) for each in path if not isinstance(each, int))


def changed(path: tuple[Any, ...], data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with another value there, as far as it can be read."""
    key = path[-1]
    data = copy.deepcopy(data)
    inner = data
    for each in path[:-1]:
        inner = inner[each]
    old = inner[key]
    tried: list[Any] = []
    if key in OTHER:
        tried = [OTHER[key], "agreement", "BORDER_POLICE", "duty_officer"]
    elif isinstance(old, bool):
        tried = [not old]
    elif isinstance(old, date):
        tried = [date(2025, 12, 24), date(2031, 12, 24)]
    elif isinstance(old, list):
        tried = [
            [*old, "another"],
            [*old, "IOM"],
            old[1:],
            ["identity", "story"],
            ["NRC", "IOM"],
            [old[0], "elsewhere"],
            [old[0], "police"],
        ]
    else:
        tried = ["RA", "HELPLINE", "everyone", {"eq": ["urgent", True]}]
    for new in tried:
        if new != old:
            inner[key] = new
            yield copy.deepcopy(data)
    del inner[key]
    yield data


CODE = re.compile(r"\b[a-z]+_[a-z_]+\b|\b[A-Z]+_[A-Z_]+\b|\bP(?:\d|T\d)\w+|\bNone\b|\bTrue\b|\bFalse\b|[{}<>]")
"""What only a program reads: codes of several words, durations, values of the language."""


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_key_that_differs_is_told_in_words_of_that_key_alone(app: Flask, language: str) -> None:
    """What the page that is signed says is different, for a change of each key of the document; no code among it."""
    data = whole()
    before = parse_agreement(data)
    told: dict[str, bool] = {}
    with app.test_request_context(), speaking(language):
        assert differences(before, parse_agreement(whole())) == []
        for path in leaves(data):
            key = key_of(path)
            for other in changed(path, data):
                if told.get(key):
                    break
                told.setdefault(key, False)
                try:
                    after = parse_agreement(other)
                except ValueError:
                    continue
                found = differences(before, after)
                told[key] = bool(found) and all(each.before != each.after for each in found)
                lines = [line for each in found for line in (each.heading, *each.before, *each.after)]
                assert [line for line in lines if CODE.search(line)] == []
    fixed = {f"fact.{name}.values" for name in ("accompanied", "announced", "urgent", "refused_parties")}
    assert {key for key, found in told.items() if not found} == fixed
    assert len(told) > 60


def test_another_order_is_a_difference(app: Flask) -> None:
    data = whole()
    before = parse_agreement(data)
    data["clause"][0], data["clause"][1] = data["clause"][1], data["clause"][0]
    with app.test_request_context(), speaking("en"):
        (found,) = differences(before, parse_agreement(data))
    assert found.heading == "The order of the clauses changes"


HIDDEN = (
    ('referral_expires = "PT4H"', 'referral_expires = "PT90H"'),
    ('responsible = "receiver"\nwithin = "P1D"', 'responsible = "receiver"\nwithin = "P3D"'),
    ('to = "emergency_bed", party = "NRC"', 'to = "emergency_bed", party = "IOM"'),
    ('regions = ["elbasan"]', 'regions = ["kukes"]'),
    ('on_call = "+355 54 000 104"', 'on_call = "+355 69 666 6666"'),
    ('Vatra, Vlorë" }\nsigned', 'Vatra, Sarandë" }\nsigned'),
)
"""What weakens nothing that a safeguard names, and a signer of another party would not look for."""


@pytest.mark.slow
def test_who_signs_reads_on_that_page_everything_that_is_different(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts.opened(texts.draft("2027", None, *HIDDEN))
    signer = sign_in("vatra.case_worker")
    page = html.unescape(signer.get("/agreement/2027/sign?lang=en"))
    before_the_button = page.partition('name="read"')[0]
    told = [
        "A referral without an answer ends after: 4 hours",
        "A referral without an answer ends after: 90 hours",
        "Within: 3 days",
        "after 1 hour: the emergency place (IOM Tirana)",
        "Regions: Elbasan",
        "Regions: Kukës",
        "Out of hours: +355 69 666 6666",
        "Name (English): Vatra, Sarandë",
    ]
    assert [line for line in told if line not in before_the_button] == []
    albanian = html.unescape(signer.get("/agreement/2027/sign?lang=sq"))
    assert "Name (English)" not in albanian
    assert "Emri (anglisht): Vatra, Sarandë" in albanian
    papers: list[str] = []
    monkeypatch.setattr(agreement_texts, "to_pdf", lambda html, **_: papers.append(html) or b"%PDF")
    signer.client.get("/agreement/2027/pdf?lang=en")
    first = html.unescape(papers[0]).partition("<h2>Clauses</h2>")[0]
    assert [line for line in told if line not in first] == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_key_of_the_document_stands_on_the_page_that_is_signed(app: Flask, language: str) -> None:
    """Another value under a key is another page, whatever the key: in all words of the text together."""
    data = whole()
    seen: dict[str, bool] = {}
    with app.test_request_context(), speaking(language):

        def page(document: dict[str, Any]) -> str:
            values = text_in_words(parse_agreement(document))
            compared = {"against": ""}
            return render_template(
                "agreement/agreement_texts/print.html",
                **values,
                digest="",
                status="",
                weakened=[],
                may_accept=False,
                compared=compared,
            )

        before = page(data)
        for path in leaves(data):
            key = key_of(path)
            if seen.get(key) or (path[-1] in ("sq", "en") and path[-1] != language):
                continue
            seen.setdefault(key, False)
            for other in changed(path, data):
                try:
                    seen[key] = page(other) != before
                except ValueError:
                    continue
                if seen[key]:
                    break
    # A flag is true or false and nobody can write it otherwise; so is that all parties can be refused.
    fixed = {f"fact.{name}.values" for name in ("accompanied", "announced", "urgent", "refused_parties")}
    assert {key for key, found in seen.items() if not found} == fixed
    assert len(seen) > 60


def test_the_pages_of_the_text_say_all_that_the_paper_says(app: Flask, sign_in: SignIn) -> None:
    person = sign_in("vatra.case_worker")
    pages = html.unescape("".join(person.get(f"/agreement/2005{path}?lang=en") for path in ("", "/parties", "/facts")))
    pages = re.sub(r"\s+", " ", pages)
    with app.test_request_context(), speaking("en"):
        values = text_in_words(known_versions.document("2005", by=factories.actor("vatra.case_worker")))
    lines = [rule for _, rules in values["clauses"] for rule in rules]
    lines += [line for _, said in values["parties"] for line in said]
    lines += [climbs for *_, climbs in values["path"]]
    lines += [part for report in values["reports"] for part in report]
    lines += [part for fact in values["facts"] for part in fact]
    assert [line for line in lines if line not in pages] == []


@pytest.mark.slow  # a text is written, accepted, approved, opened and read by a signer
def test_a_party_that_leaves_later_and_every_changed_word_stand_before_the_signature(
    app: Flask, sign_in: SignIn
) -> None:
    """Nothing is different on the first day; the words of clause 5.1 are changed in one language alone."""
    leaves = texts.today() + timedelta(days=30)
    named = 'names = { sq = "Vatra, Vlorë", en = "Vatra, Vlorë" }'
    words = re.search(r'number = "5\.1"\ntext = \{ sq = "([^"]+)"', texts.SHIPPED)
    assert words is not None
    sold = "Pikës kufitare i thuhet ku është personi."
    texts.opened(texts.draft("2027", None, (named, f"{named}\nuntil = {leaves}"), (words[1], sold)))
    signer = sign_in("vatra.case_worker")
    for path in ("/sign", "/changes", ""):
        page = html.unescape(signer.get(f"/agreement/2027{path}?lang=en"))
        first = page.partition("What this version weakens")[2].partition("</p>\n<ul>")[2]
        assert first.startswith("<li>Vatra, Vlorë is a party until ")
        changed = page.partition("These words are changed")[2]
        assert "Not changed in every language" in changed
        assert words[1] in changed
        assert sold in changed
    changes = html.unescape(signer.get("/agreement/2027/changes?lang=en"))
    assert "Nothing changes for anybody." not in changes
    assert "From " in changes.partition("Who would be sent elsewhere")[2]
    sheet = signer.get("/agreement/2027/sign?lang=en")
    assert "Your signature counts for the whole of Vatra, Vlorë, with all its offices" in sheet
    assert "Nobody has signed for it yet." in sheet
    call = sheet.partition("which proposed it, and say what you want changed:")[2].partition("</p>")[0]
    assert ">+355 4 000 0112</a>" in call
    assert "If nobody answers there, the duty desk passes it on:" in sheet
    assert "There is no button for a no" in sheet
    assert "sign only if whoever leads it has named you" in signer.get("/?lang=en")
    for path in ("compared", "people"):
        assert "From " in signer.get(f"/agreement/2027/{path}?lang=en")


@pytest.mark.slow
def test_whom_to_call_about_a_text_is_not_said_by_the_rows_and_without_a_number_the_duty_desk_passes_it_on(
    app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app
    texts.opened(texts.draft("2027", None))
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.code == "OMS").values(telephone="+355 69 000 0000"))
    sheet = sign_in("vatra.case_worker").get("/agreement/2027/sign?lang=en")
    assert "+355 69 000 0000" not in sheet
    assert ">+355 4 000 0112</a>" in sheet
    monkeypatch.setattr(telephones, "of_office", lambda code: "")
    sheet = sign_in("vatra.case_worker").get("/agreement/2027/sign?lang=en")
    assert "no number of it is kept here, so call the duty desk" in sheet
    assert ">+355 4 000 0105</a>" in sheet


@pytest.mark.slow
def test_words_that_are_changed_without_a_rule_are_said_where_nothing_changes_for_anybody(
    app: Flask, sign_in: SignIn
) -> None:
    assert app
    words = re.search(r'number = "5\.1"\ntext = \{ sq = "([^"]+)"', texts.SHIPPED)
    assert words is not None
    texts.opened(texts.draft("2027", None, (words[1], "Pikës i thuhet menjëherë.")))
    signer = sign_in("vatra.case_worker")
    for path in ("changes",):
        said = html.unescape(signer.get(f"/agreement/2027/{path}?lang=en")).partition("Nothing changes for anybody.")[2]
        assert said.startswith(" <strong>But words are changed, and no rule with them"), path
