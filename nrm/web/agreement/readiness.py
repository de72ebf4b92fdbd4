"""What is still missing before the first person can come to a party: for the coordinator, the duty desk, the party."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for

from nrm.actions.agreement import agreement_versions, trial_calls
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.accounts.members import KEY_HOLDERS_NEEDED
from nrm.domain.agreement.agreement_versions import SIGNERS
from nrm.domain.agreement.readiness import Caution, Missing, Tried
from nrm.domain.words import N_
from nrm.steps.agreement import known_versions
from nrm.store import days
from nrm.store.agreement import agreement_versions as version_store
from nrm.store.agreement import readiness as store
from nrm.store.agreement.readiness import ReadinessLine
from nrm.web import access, errors
from nrm.web.agreement import agreement_words as words
from nrm.web.formats import day as day_text
from nrm.web.language import current_language, gettext, ngettext, text_in, translated

blueprint = Blueprint("readiness", __name__)
Answer = errors.Answer

MISSING_WORDS: Mapping[Missing, str] = {
    Missing.NOT_IN_FORCE: N_("no text of the agreement binds it today"),
    Missing.NOT_VOUCHED: N_("nobody vouches for its key"),
    Missing.KEY_DIFFERS: N_("its key is not the known one, or somebody left who held it"),
    Missing.NO_KEY: N_("nobody holds its key"),
    Missing.NO_BUILDING: N_("no building entered"),
}
CAUTION_WORDS: Mapping[Caution, str] = {
    Caution.ONE_HOLDER: N_(
        "one person alone holds its key: it can promise a place by telephone, and accepts once two hold it"
    ),
    Caution.DIRECTIVES: N_("not everybody has read the directives"),
}
TELEPHONE_WORDS: Mapping[Tried, str] = {
    Tried.IN_VAIN: N_("nobody answered at a number"),
    Tried.LONG_AGO: N_("a number answered more than 90 days ago"),
    Tried.NEVER: N_("a number was never tried"),
}
"""The worst first."""
TRIED_WORDS: Mapping[Tried, str] = {
    Tried.NEVER: N_("never tried"),
    Tried.LONG_AGO: N_("answered, but more than 90 days ago"),
    Tried.IN_VAIN: N_("nobody answered"),
    Tried.ANSWERED: N_("answered"),
}
NO_NUMBER = N_("no number is known")
UNKNOWN_NUMBER = N_("This number is no longer in the directory. Go back and load the page again.")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the page. `kind` of its tag: `ok`, `todo` (a warning) or `late` (nobody is sent without it); `way`:
    (address, words) of where the reader does it."""

    what: str
    state: str
    kind: str
    said: tuple[str, ...]
    who: str
    way: tuple[str, str] | None = None


@blueprint.get("/readiness")
@access.requires(Permission.AGREEMENT_MANAGE, Permission.REFERRAL_DIRECT)
def index() -> Answer:
    """Every party, those that are not ready first, each with what is missing."""
    lines = store.lines(by=access.actor())
    return render_template(
        "agreement/readiness/index.html",
        lines=lines,
        unready=sum(bool(line.missing) for line in lines),
        alone=sum(not line.missing and Caution.ONE_HOLDER in line.cautions for line in lines),
        missing=MISSING_WORDS,
        cautioned=_cautioned,
        many_posts=store.with_many_posts(by=access.actor()),
    )


def _cautioned(line: ReadinessLine) -> list[str]:
    """Each warning in words; of the numbers the worst alone."""
    there = {each.tried for each in line.readiness.numbers}
    worst = next((words for state, words in TELEPHONE_WORDS.items() if state in there), NO_NUMBER)
    return [translated(worst if each is Caution.TELEPHONE else CAUTION_WORDS[each]) for each in line.cautions]


@blueprint.get("/readiness/own")
@access.requires(Permission.AGREEMENT_READ)
def own() -> Answer:
    """That of the reader's own organisation."""
    organisation_id = access.actor().organisation_id
    assert organisation_id is not None
    return redirect(url_for("readiness.show", organisation_id=organisation_id), 303)


@blueprint.get("/readiness/<uuid:organisation_id>")
@access.requires(Permission.AGREEMENT_READ)
def show(organisation_id: uuid.UUID) -> Answer:
    """What is there, what is missing, who does it, and where."""
    by = access.actor()
    line = store.line(organisation_id, by=by)
    return render_template(
        "agreement/readiness/show.html",
        line=line,
        steps=list(_steps(line, by)),
        own=organisation_id == by.organisation_id,
        sees_all=store.sees_all(by),
        tried=TRIED_WORDS,
        changes=by.may(Permission.AGREEMENT_MANAGE),
    )


@blueprint.post("/readiness/<uuid:organisation_id>/calls")
@access.requires(Permission.AGREEMENT_MANAGE, Permission.REFERRAL_DIRECT)
def call(organisation_id: uuid.UUID) -> Answer:
    """Record a call that was made just now: `call` is `yes` or `no` and the number, separated by |."""
    reached, _, telephone = request.form.get("call", "").partition("|")
    if reached not in ("yes", "no"):
        return errors.error_page(422)
    try:
        trial_calls.record(
            organisation_id=organisation_id, telephone=telephone, reached=reached == "yes", by=access.actor()
        )
    except trial_calls.UnknownNumber:
        return errors.error_page(422, translated(UNKNOWN_NUMBER))
    return redirect(url_for("readiness.show", organisation_id=organisation_id, _anchor="numbers"), 303)


def _steps(line: ReadinessLine, by: Actor) -> Iterator[Step]:
    there, own = line.readiness, line.organisation_id == by.organisation_id
    yield _text(line, by, own)
    yield _vouched(line, own)
    yield Step(
        gettext("Two people hold its key"),
        *_state(there.holders >= KEY_HOLDERS_NEEDED, warns=there.holders > 0),
        (_holders(there.holders),),
        gettext(
            "Somebody there begins anew, and holds the key again once their words are typed: where nobody else works "
            "there the duty desk types them first"
        )
        if store.begins_anew(line)
        else gettext("Who holds the key invites a colleague and types their words"),
        (url_for("accounts.members"), gettext("Colleagues")) if own else None,
    )
    if there.is_shelter:
        yield Step(
            gettext("The building and its places are entered"),
            *_state(there.has_building),
            (),
            gettext("Its manager"),
            (url_for("units.index"), gettext("Units of the building")) if own else None,
        )
    yield Step(
        gettext("The numbers are tried by a call"),
        *_state(Caution.TELEPHONE not in line.cautions, warns=True),
        tuple(_desk(line)),
        gettext("The duty desk or the coordinator; nobody tries their own"),
    )
    yield Step(
        gettext("The directives are read"),
        *_state(not there.unread, warns=True),
        tuple(
            gettext(
                "%(title)s: %(read)s of %(officers)s have read it",
                title=text_in(each.title),
                read=each.read,
                officers=each.officers,
            )
            for each in there.unread
        ),
        gettext("Everybody who leads interviews there"),
        (url_for("directives.index"), gettext("Directives")) if own and by.may(Permission.INTERVIEW_CONDUCT) else None,
    )


def _vouched(line: ReadinessLine, own: bool) -> Step:
    """Whether the organisation is in the key log, with the key that is there."""
    what = gettext("The organisation is founded and vouched for")
    if Missing.KEY_DIFFERS in line.missing:
        who = gettext("Somebody there who holds the key makes the next one; if that does not help, who runs the server")
        way = (url_for("members.keys"), gettext("Keys of the organisation")) if own else None
        return Step(what, *_state(False), (translated(MISSING_WORDS[Missing.KEY_DIFFERS]),), who, way)
    missing = Missing.NOT_VOUCHED in line.missing
    return Step(
        what,
        *_state(not missing),
        (translated(MISSING_WORDS[Missing.NOT_VOUCHED]),) if missing else (),
        gettext(
            "Two founders of the organisation; one of the Responsible Authority and one of another organisation type "
            "the words of their accession sheets"
        ),
        (url_for("key_log.index"), gettext("Key log")),
    )


def _state(done: bool, *, warns: bool = False) -> tuple[str, str]:
    if done:
        return gettext("done"), "ok"
    return (gettext("warning"), "todo") if warns else (gettext("still missing"), "late")


def _holders(number: int) -> str:
    if number >= KEY_HOLDERS_NEEDED:
        return gettext("two or more people")
    if number:
        return gettext("one person: it can promise a place by telephone, and accepts once two hold the key")
    return translated(MISSING_WORDS[Missing.NO_KEY])


def _desk(line: ReadinessLine) -> Iterable[str]:
    desk = line.readiness.desk
    if desk is not None:
        yield gettext("Desk: %(hours)s", hours=words.hours(desk))


def _text(line: ReadinessLine, by: Actor, own: bool) -> Step:
    """Whether a text binds the party; if one waits for its signatures, how many are there."""
    what, who = gettext("A text of the agreement is in force for it"), gettext("Two people of the party sign it")
    day = line.readiness.binds_from
    if line.readiness.is_bound(days.today()):
        return Step(what, *_state(True), (), who)
    if day is not None:
        said = gettext("Signed; it binds from %(day)s", day=day_text(day, current_language()))
        return Step(what, *_state(False), (said,), gettext("Nobody: the day has to come"))
    for version, parties in known_versions.known().waiting.items():
        if line.party in parties:
            given = sum(each.party == line.party for each in version_store.signature_lines(version, by=by))
            said = ngettext(
                "Version %(version)s: %(num)s of %(all)s signatures of this party is there",
                "Version %(version)s: %(num)s of %(all)s signatures of this party are there",
                given,
                version=version,
                all=SIGNERS,
            )
            if given >= SIGNERS:
                who = gettext("The other parties sign, too; it begins once every party has signed")
            if own and version in agreement_versions.waits_for(by=by):
                way = url_for("agreements.show", version=version), gettext("Read and sign it")
            else:
                way = url_for("agreements.parties", version=version), gettext("Who has signed")
            return Step(what, *_state(False), (said,), who, way)
    proposes = by.may(Permission.AGREEMENT_MANAGE)
    return Step(
        what,
        *_state(False),
        (gettext("No version names it that is in force or waits for signatures"),),
        gettext("The coordinator proposes a version in which the party joins"),
        (url_for("agreement_drafts.begin_page"), gettext("Begin from the text in force")) if proposes else None,
    )
