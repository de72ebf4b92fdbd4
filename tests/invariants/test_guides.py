"""Every role has a guide that is true: it leads where the role may go, and quotes what stands on the pages there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from nrm import catalogues, clock
from nrm.domain.accounts.accounts import ROLE_LABELS, Role
from nrm.domain.words import Phrase
from nrm.web.accounts import guide_pictures
from nrm.web.accounts.guide_words.parts import NEVER_ASKED, Guide
from nrm.web.accounts.guides import GUIDES
from nrm.web.language import translated
from tests.conftest import Person, token_in
from tests.factories import login_of
from tests.invariants.test_routes import ACCESS, LOGINS, each_address, known_ids, reaches
from tests.world import World

MOST_WORDS = 650  # two sheets of paper, with headings and telephones
_SAID = re.compile(r"<(a|button|h1|h2|h3|caption|th|summary)\b[^>]*>(.*?)</\1>", re.DOTALL)
_BESIDE = re.compile(r"<(span class=\"?vh\"?|small)>.*?</(span|small)>", re.DOTALL)


def phrases(guide: Guide) -> Iterator[Phrase]:
    """All that stands in a guide."""
    yield guide.who
    for step in guide.steps:
        yield from (step.title, step.text)
    for trouble in guide.troubles:
        yield from (trouble.what, trouble.do)
    yield from (*guide.never, *NEVER_ASKED)


def quoted(text: Phrase) -> list[Phrase]:
    """The words of pages in a sentence of a guide."""
    return [each for each in text.values.values() if isinstance(each, Phrase)]


def quotations(guide: Guide) -> Iterator[tuple[Phrase, tuple[str, ...]]]:
    """(words, endpoints of the pages of which one has to have them)."""
    for step in guide.steps:
        yield step.title, (step.page,)
        yield from ((each, step.on or (step.page,)) for each in quoted(step.text))
    for trouble in guide.troubles:
        yield from ((each, trouble.on) for each in quoted(trouble.do))


def main_of(page: str) -> str:
    """The content of a page, without what is around it on every page."""
    return unescape(page[page.index("<main") : page.index("</main>")])


def words_of(page: str) -> set[str]:
    """What links, buttons, headings and heads of tables say, each without what only screen readers say."""
    found = (re.sub(r"<[^>]+>", " ", _BESIDE.sub("", match[2])) for match in _SAID.finditer(page))
    return {" ".join(unescape(each).split()) for each in found}


def test_every_role_has_a_guide_of_one_or_two_pages() -> None:
    assert set(GUIDES) == set(Role)
    for role, guide in GUIDES.items():
        assert 5 <= len(guide.steps) <= 9, role
        assert len(guide.troubles) == 3, role
        assert len(re.findall(r"[.:] ", guide.who)) <= 2, role
        assert sum(len(str(each).split()) for each in phrases(guide)) <= MOST_WORDS, role


@pytest.mark.parametrize("role", Role)
def test_a_guide_leads_where_its_role_may_go(app: Flask, role: Role) -> None:
    simple = {
        rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    }
    for step in GUIDES[role].steps:
        assert step.page in simple, step.page
    for _, pages in quotations(GUIDES[role]):
        assert all(reaches(role, ACCESS[page]) for page in pages), pages


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_guide_is_whole_in_every_language(language: str) -> None:
    known = catalogues.catalogue(language).singular
    for guide in GUIDES.values():
        for phrase in phrases(guide):
            lacking = [each.message for each in (phrase, *quoted(phrase)) if each.message not in known]
            assert not lacking, language
            assert all(translated(each, language) in translated(phrase, language) for each in quoted(phrase))


@pytest.mark.slow
def test_each_reads_their_guide_and_finds_its_words_on_the_pages(world_app: tuple[Flask, World]) -> None:
    app, world = world_app
    since = clock.now() - world.made_at  # a long run comes here when the agreement calls nobody of them any more
    clock.set_clock(lambda: datetime.now(UTC) - since)
    addresses: dict[str, list[str]] = {}
    for endpoint, address in each_address(app, known_ids(world), "GET"):
        addresses.setdefault(endpoint, []).append(address)
    lacking = []
    for role, login in LOGINS.items():
        person = Person(app.test_client(), login)
        for language in ("sq", "en"):
            page = main_of(person.get(f"/guide?lang={language}"))
            assert all(translated(each, language) in page for each in phrases(GUIDES[role])), (role, language)
            assert page == main_of(person.get(f"/guide/{role}")), role
        if role is Role.BORDER_OFFICER:  # nobody goes on with an interview of another session unasked
            addresses["interviews.page"] = [person.post("/interviews", {"id": str(uuid.uuid4())})]
        seen: dict[str, set[str]] = {}
        for word, pages in quotations(GUIDES[role]):
            for each in pages:
                if each not in seen:
                    answers = (person.client.get(address) for address in addresses[each])
                    seen[each] = set().union(*(words_of(one.text) for one in answers if one.status_code == 200))
            if not any(word in seen[each] for each in pages):
                lacking.append((str(role), str(word), pages))
    assert not lacking


def test_nobody_is_told_to_call_themselves_and_who_works_by_day_reads_no_night(app: Flask) -> None:
    for role, login in LOGINS.items():
        page = main_of(Person(app.test_client(), login).get("/guide?lang=en"))
        called = page[page.index("Whom to call") : page.index("What you never see")]
        assert ("Duty desk:" in called) is (role is not Role.DUTY_OFFICER), role
        assert ("Technical operator:" in called) is (role is not Role.ADMINISTRATOR), role
        by_day = not GUIDES[role].meets_people
        assert ("Coordinator:" in called) is (by_day and role is not Role.COORDINATOR), role
        assert ("Tonight, step by step" in page) is not by_day, role
        assert "Step by step" in page if by_day else "Police:" in called, role


def test_a_guide_of_others_has_no_way_to_where_the_reader_may_not_go(app: Flask) -> None:
    monitor = Person(app.test_client(), LOGINS[Role.MONITOR])
    page = monitor.get("/guide/border_officer?lang=en")
    assert "New interview" in page
    assert 'href="/referrals/sent"' not in page
    assert all(f'href="/guide/{role}"' in page for role in ROLE_LABELS if role is not Role.BORDER_OFFICER)
    assert "href=/guide" in monitor.get("/")
    monitor.get("/guide/nobody", 404)
    child = Person(app.test_client(), login_of("child_protection", Role.CASE_WORKER))
    theirs = main_of(child.get("/guide?lang=en"))
    assert "A child who waits stands on top of the home page" in theirs
    assert "Returns of children" not in theirs  # the page refuses them
    officer = Person(app.test_client(), LOGINS[Role.CHILD_PROTECTION_OFFICER])
    assert "Returns of children" in main_of(officer.get("/guide?lang=en"))


@pytest.mark.parametrize("organisation", ["state_police", "ra", "child_protection"])
def test_each_way_of_ones_own_guide_is_open(app: Flask, organisation: str) -> None:
    """The authority's officers were led to a page that is for the police alone."""
    officer = Person(app.test_client(), login_of(organisation, Role.IDENTIFICATION_OFFICER))
    steps = main_of(officer.get("/guide?lang=en")).partition("<ol>")[2].partition("</ol>")[0]
    ways = re.findall(r'href="?([^" >]+)', steps)
    assert ("/link" in ways) == (organisation == "state_police")
    for way in ways:
        officer.get(way)


def test_who_is_not_signed_in_or_does_an_interview_is_not_led_there(app: Flask) -> None:
    """The screen of an interview is turned to the person: nothing on it leads away."""
    client = app.test_client()
    assert token_in(client.get("/sign-in").text)
    assert "/guide" not in client.get("/sign-in").text
    officer = Person(client, LOGINS[Role.BORDER_OFFICER])
    assert "/guide" not in officer.get(officer.post("/interviews", {"id": str(uuid.uuid4())}))


def test_a_guide_has_pictures_where_they_were_installed_and_no_address_leads_to_another_file(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = Person(app.test_client(), LOGINS[Role.BORDER_OFFICER])
    folder = tmp_path / "guides"
    monkeypatch.setattr(guide_pictures, "FOLDER", folder)
    assert "/pictures" not in officer.get("/guide?lang=en")
    officer.get("/guide/border_officer/pictures", 404)
    name = guide_pictures.name_of("en", Role.BORDER_OFFICER, 2)
    (folder / "en").mkdir(parents=True)
    (folder / name).write_bytes(b"a picture")
    (tmp_path / "key.png").write_bytes(b"secret")
    guide_pictures.files.cache_clear()
    assert "/guide/border_officer/pictures" in officer.get("/guide")
    page = officer.get("/guide/border_officer/pictures")
    assert re.findall(r'<img[^>]* src="?([^" ]+)', page) == [f"/guide/pictures/{name}"]
    assert officer.client.get(f"/guide/pictures/{name}").data == b"a picture"
    officer.get("/guide/shelter_manager/pictures", 404)
    for other in ("../key.png", "en/../../key.png", "%2e%2e/key.png", "en", str(tmp_path / "key.png")[1:]):
        assert officer.client.get(f"/guide/pictures/{other}").status_code == 404, other
    assert app.test_client().get(f"/guide/pictures/{name}").status_code == 303
    guide_pictures.files.cache_clear()
