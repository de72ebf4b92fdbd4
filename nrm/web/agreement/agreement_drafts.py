"""Writing a text of the agreement without its file: it begins as the one in force, and forms make the common changes.

Each save checks the text and compares it with the version in force; what was found stands beside the forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, cast

from flask import Blueprint, redirect, render_template, request, url_for
from wtforms import Field, SelectField, SelectMultipleField

from forms import SelectChoice
from forms.agreement.agreement_drafts import (
    BeginTextForm,
    ChangePartyForm,
    DeskForm,
    TakeOutForm,
    change_time_form,
    join_party_form,
    joining_form,
    word_clause_form,
)
from forms.agreement.agreements import REFUSED
from forms.names import language_name
from forms.typed import OnceForm
from nrm import parsing
from nrm.actions.agreement import agreement_drafting, withdrawals
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.domain.accounts.accounts import NotVisible, OrganisationKind, Permission
from nrm.domain.agreement import agreement_drafts as texts
from nrm.domain.agreement.agreement_versions import (
    IllegalVersionStep,
    VersionStatus,
    VersionStepRefusal,
    check_revisable,
)
from nrm.domain.agreement.agreements import Agreement, Party
from nrm.domain.agreement.carried_changes import Change
from nrm.domain.words import N_, Phrase
from nrm.steps.agreement import known_versions, version_studies
from nrm.store import days
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.web import access, errors, formats
from nrm.web.accounts import told_once
from nrm.web.agreement import agreement_changes, agreement_words
from nrm.web.agreement.agreement_words import span
from nrm.web.agreement.text_differences import differences
from nrm.web.choices import called
from nrm.web.language import current_language, gettext, text_in, translated

blueprint = Blueprint("agreement_drafts", __name__)
Answer = errors.Answer


@blueprint.errorhandler(IllegalVersionStep)
def _refused(error: IllegalVersionStep) -> Answer:
    return errors.error_page(409, translated(REFUSED[error.reason]))


@blueprint.get("/agreements/begin")
@access.requires(Permission.AGREEMENT_MANAGE)
def begin_page() -> Answer:
    return _begin_page(BeginTextForm())


def _begin_page(form: BeginTextForm) -> str:
    withdrawn = _withdrawn()
    page: str = render_template(
        "agreement/agreement_drafts/begin.html",
        form=form,
        withdrawn=withdrawn,
        withdrawal=withdrawals.withdrawal_of(withdrawn, by=access.actor()) if withdrawn else None,
    )
    return page


def _withdrawn() -> str:
    """The version that was withdrawn, and whose text the new one shall have; empty: that in force."""
    return request.args.get("withdrawn", "")[:40]


@blueprint.post("/agreements/begin")
@access.requires(Permission.AGREEMENT_MANAGE)
def begin() -> Answer:
    """Propose the text in force under another name; what it shall change follows on the next page."""
    form = BeginTextForm(request.form)
    if form.validate():
        assert form.starts_on.data is not None
        try:
            version = agreement_drafting.begin(
                version=form.version.data or "",
                starts_on=form.starts_on.data,
                by=access.actor(),
                withdrawn=_withdrawn(),
            )
            return redirect(url_for("agreement_drafts.edit", version=version), 303)
        except (agreement_drafting.Unusable, parsing.BeyondLimits) as error:
            _say_wrong(form, error)
    return _begin_page(form), 422


@blueprint.route("/agreement/<version>/again", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def again(version: str) -> Answer:
    """Begin again from the text that was signed meanwhile, with what the forms changed in this one."""
    there = known_versions.document(version, by=access.actor())
    try:
        newest, made = agreement_drafting.changes_carried(version, by=access.actor())
    except IllegalVersionStep:  # nothing took its place
        return redirect(url_for("agreements.changes", version=version), 303)
    sent = request.method == "POST"
    first = max(there.starts_on, days.today() + timedelta(days=1))
    form = BeginTextForm(request.form if sent else None, data={"starts_on": first})
    if sent and form.validate():
        assert form.starts_on.data is not None
        try:
            begun = agreement_drafting.begin_again(
                old=version, version=form.version.data or "", starts_on=form.starts_on.data, by=access.actor()
            )
            return redirect(url_for("agreement_drafts.edit", version=begun), 303)
        except (agreement_drafting.Unusable, parsing.BeyondLimits) as error:
            _say_wrong(form, error)
    page = render_template(
        "agreement/agreement_drafts/again.html",
        version=version,
        newest=newest.version,
        form=form,
        kept=[_carried_line(each, there, newest) for each in made.kept],
        other=[_carried_line(each, there, newest) for each in made.other],
        in_file=[_carried_line(each, there, newest) for each in made.in_file],
    )
    return page, 422 if sent else 200


_SAID_OF_A_PARTY = {
    "": N_("the party itself"),
    "desk.opens": N_("when its desk opens"),
    "desk.closes": N_("when its desk closes"),
    "desk.weekends": N_("its desk at weekends"),
    "desk.telephone": N_("the telephone of its desk"),
    "on_call": N_("the telephone out of hours"),
    "regions": N_("its regions"),
    "languages": N_("its languages"),
    "competence": N_("whom it receives"),
    "until": N_("its last day"),
    "place": N_("its place among those of its kind"),
}


def _carried_line(change: Change, *texts_there: Agreement) -> str:
    """One change that was made, in words."""
    if change.part == "party":
        party = next(each.parties[change.key] for each in texts_there if change.key in each.parties)
        return f"{text_in(party.names)}: {translated(_SAID_OF_A_PARTY[change.what])}"
    if change.part == "path":
        steps = [step for each in texts_there for step in each.path if step.step == change.key]
        said = gettext("its time") if change.what else gettext("the step itself")
        return f"{text_in(steps[0].names)}: {said}"
    if change.part == "clause":
        said = gettext("its words") if change.what else gettext("its rule, or the clause itself")
        if change.what and not change.what.startswith("text."):
            said = gettext("its time")
        clause_named = gettext("Clause %(number)s", number=change.key)
        return f"{clause_named}: {said}"
    return gettext("Another part of the text: %(part)s", part=change.part)


def _say_wrong(form: OnceForm, error: agreement_drafting.Unusable | parsing.BeyondLimits) -> None:
    """At the field that stands for the place in the text, in its words alone; else at the first, with the place."""
    key = error.key if isinstance(error, agreement_drafting.Unusable) else ""
    *above, last = key.split(".")
    days = "starts_on" if "starts_on" in form else "joins_on"
    name = f"name_{last}" if above and above[-1] == "names" else {"from": days, "within": "minutes"}.get(last, last)
    if name in form and isinstance(error, agreement_drafting.Unusable):
        form[name].errors = [N_("Correct the draft: %(what)s", what=error.reason)]
    else:
        next(iter(form)).errors = [_what(error)]


@blueprint.route("/agreement/<version>/edit/name", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def name(version: str) -> Answer:
    """Another name, or another first day."""
    there = _draft(version)
    now = {"version": there.version, "starts_on": there.starts_on}
    form = BeginTextForm(request.form if request.method == "POST" else None, data=now)

    def named(text: str) -> str:
        assert form.starts_on.data is not None
        return texts.named(text, form.version.data or "", form.starts_on.data)

    return _answer(version, form, gettext("Name and first day"), named)


def _what(error: agreement_drafting.Unusable | parsing.BeyondLimits) -> Phrase:
    if isinstance(error, parsing.BeyondLimits):
        return error.phrase
    return N_("Correct the draft: %(what)s", what=error.what)


def _draft(version: str) -> Agreement:
    """The text of a proposal that may still change. Raises NotVisible, IllegalVersionStep."""
    row = store.version(version, by=access.actor())
    check_revisable(VersionStatus(row.status), row.simulation)
    return known_versions.document(version, by=access.actor())


@blueprint.get("/agreement/<version>/edit")
@access.requires(Permission.AGREEMENT_MANAGE)
def edit(version: str) -> Answer:
    """What can be changed, beside what the checks and the comparison found."""
    agreement = _draft(version)
    study = version_studies.study_of(version, by=access.actor())
    names = agreement_words.names_of(agreement, study.against)
    weakened = agreement_changes.weakened(agreement, by=access.actor())
    fallen = request.args.get("fallen", "")[:200].split(",")
    return render_template(
        "agreement/agreement_drafts/edit.html",
        # Named while it is so, whatever the address says.
        fallen=[
            gettext("Safeguard %(number)s", number=each.number)
            for each in weakened
            if each.number in fallen and not each.reason
        ],
        agreement=agreement,
        come=_come(version, agreement),
        findings=[agreement_changes.finding(each, names) for each in agreement_changes.others(study)],
        against=study.against.version,
        different=differences(*version_studies.texts_compared(version, by=access.actor())),
        weakened=weakened,
        origin=version_studies.origin(version, by=access.actor()),
        status=VersionStatus.PROPOSED,
        may_accept=True,
        running=_is_being_tried(version),
        ended=told_once.word("ended") == "yes",
        rerouted=len(study.differences.rerouted),
        span=span,
    )


_MEANWHILE = N_(
    "This draft was changed meanwhile, by you on another page or by somebody else, and nothing is saved yet. What you "
    "typed stands below. Read what the draft says now, and save yours if it is to be so"
)


class _Meanwhile(Exception):
    """The draft is not the one that was shown with the form."""


def _is_being_tried(version: str) -> bool:
    return simulations.is_under_way(version, known_versions.digest_of(version, by=access.actor()))


def _save(version: str, form: OnceForm, change: Callable[[str], str]) -> Answer | None:
    """Save a change; None where the text it makes cannot be used: the first field says why. Raises _Meanwhile."""
    running = _is_being_tried(version)
    try:
        read = request.form.get("read", "")[:64]
        revised = agreement_drafting.revise(version=version, change=change, by=access.actor(), read=read)
    except (agreement_drafting.Unusable, parsing.BeyondLimits) as error:
        _say_wrong(form, error)
        return None
    except IllegalVersionStep as error:
        if error.reason is not VersionStepRefusal.CHANGED:
            raise
        raise _Meanwhile from None
    except texts.NotInText:
        raise NotVisible from None
    fallen, ended = ",".join(revised.fallen) or None, "yes" if running else None
    return told_once.lead(url_for("agreement_drafts.edit", version=revised.version, fallen=fallen, ended=ended))


def _answer(version: str, form: OnceForm, heading: str, change: Callable[[str], str], hint: str = "") -> Answer:
    """The page of a form; once it is sent and can be used, `change` of the text is saved instead."""
    sent = request.method == "POST"
    read, meanwhile = request.form.get("read", "")[:64], ""
    try:
        saved = _save(version, form, change) if sent and form.validate() else None
    except _Meanwhile:
        # The page says what the draft has now where something else was typed: who sends it again has read that.
        saved, read, meanwhile = None, "", _MEANWHILE
    if saved is not None:
        return saved
    page = render_template(
        "agreement/agreement_drafts/change.html",
        version=version,
        form=form,
        heading=heading,
        hint=hint,
        read=read or known_versions.digest_of(version, by=access.actor()),
        meanwhile=meanwhile,
        otherwise=_otherwise(form) if meanwhile else (),
    )
    return page, 422 if sent else 200


def _otherwise(form: OnceForm) -> list[tuple[str, str, str]]:
    """(question, what the draft says now, what was typed) of each field in which the two differ."""
    found = []
    for field in form:
        now, typed = _field_said(field, field.object_data), _field_said(field, field.data)
        if now != typed:
            found.append((field.label.text, now, typed))
    return found


def _field_said(field: Field, value: object) -> str:
    """What a field holds, in the words of the page."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, date):
        return formats.day(value, current_language())
    if isinstance(field, SelectField | SelectMultipleField):
        chosen = {str(each) for each in cast(Iterable[str], value or ())} if isinstance(value, list) else {str(value)}
        return ", ".join(translated(each.label) for each in cast(Any, field.choices) if each.value in chosen)
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _offer(form: DeskForm, agreement: Agreement, party: Party | None) -> None:
    """The regions of the country, the languages of its pages and of the other parties, and whom those receive."""
    spoken = dict.fromkeys(country().languages)
    spoken |= dict.fromkeys(code for each in agreement.parties.values() for code in each.languages)
    form.languages.choices = [
        SelectChoice(value=code, label=language_name(code, current_language())) for code in spoken
    ]
    named = party.regions if party is not None else ()
    form.regions.choices = [
        SelectChoice(value=code, label=text_in(names))
        for code, names in country().regions.items()
        if code in named or country().is_open("region", code, agreement.starts_on)
    ]
    offered = [("", gettext("as now") if party is not None else gettext("Choose"))]
    offered += [(texts.NOBODY, gettext("nobody")), (texts.EVERYONE, gettext("everybody"))]
    offered += [
        (code, gettext("the same people as %(name)s", name=text_in(each.names)))
        for code, each in agreement.parties.items()
        if each.competence is not None and each is not party
    ]
    form.receives.choices = [SelectChoice(value=value, label=label) for value, label in offered]


@blueprint.route("/agreement/<version>/edit/party/<code>", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def party(version: str, code: str) -> Answer:
    """Desk, telephones, regions, whom it receives, until when."""
    agreement = _draft(version)
    there = agreement.parties.get(code)
    if there is None or there.kind is OrganisationKind.COALITION:
        raise NotVisible
    now = {
        "opens": f"{there.desk.opens:%H:%M}",
        "closes": f"{there.desk.closes:%H:%M}",
        "weekends": there.desk.weekends,
        "telephone": there.desk.telephone,
        "on_call": there.on_call,
        "regions": list(there.regions),
        "leaves": there.until is not None,
        "until": there.until,
        "receives": "",
        "languages": list(there.languages),
    }
    form = ChangePartyForm(request.form if request.method == "POST" else None, data=now)
    _offer(form, agreement, there)
    return _answer(
        version, form, text_in(there.names), lambda text: texts.with_party(text, code, form.said(form.until.data))
    )


def _joining(version: str, code: str) -> tuple[Agreement, Party]:
    """A party that came with the draft. Raises NotVisible for any other."""
    agreement = _draft(version)
    there = agreement.parties.get(code)
    if there is None or code not in _come(version, agreement):
        raise NotVisible
    return agreement, there


def _come(version: str, agreement: Agreement) -> set[str]:
    """The parties that the text whose place the draft takes does not have."""
    return {*agreement.parties} - {*version_studies.study_of(version, by=access.actor()).against.parties}


@blueprint.route("/agreement/<version>/edit/party/<code>/joining", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def joining(version: str, code: str) -> Answer:
    """Code, names and day of a party that joins by this draft."""
    agreement, there = _joining(version, code)
    now = {"code": code, "joins_on": there.joined_on or agreement.starts_on}
    now |= {f"name_{language}": name for language, name in there.names.items()}
    form = joining_form(called())(request.form if request.method == "POST" else None, data=now)
    form.first_day = agreement.starts_on

    def corrected(text: str) -> str:
        assert form.joins_on.data is not None
        names = {language: form[f"name_{language}"].data or "" for language in country().languages}
        return texts.with_joining(text, code, form.code.data or "", names, form.joins_on.data)

    return _answer(version, form, text_in(there.names), corrected)


@blueprint.route("/agreement/<version>/edit/party/<code>/remove", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def take_out(version: str, code: str) -> Answer:
    """A party that was added by mistake goes."""
    _, there = _joining(version, code)
    form = TakeOutForm(request.form if request.method == "POST" else None)
    return _answer(version, form, text_in(there.names), lambda text: texts.without_party(text, code))


@blueprint.route("/agreement/<version>/edit/join", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def join(version: str) -> Answer:
    """A party joins."""
    agreement = _draft(version)
    form = join_party_form(called())(request.form if request.method == "POST" else None)
    _offer(form, agreement, None)
    form.first_day = agreement.starts_on
    form.kinds = {code: str(each.kind) for code, each in agreement.parties.items()}
    before = [
        (each.code, gettext("before %(name)s", name=text_in(each.names)))
        for each in sorted(agreement.parties.values(), key=lambda each: (each.kind, each.asked))
        if each.kind.holds_keys
    ]
    places = [("", gettext("last: it is asked when the others could not receive")), *before]
    form.asked_before.choices = [SelectChoice(value=value, label=label) for value, label in places]

    def joined(text: str) -> str:
        names = {language: form[f"name_{language}"].data or "" for language in country().languages}
        kind = OrganisationKind(form.kind.data)
        asked_before = form.asked_before.data or ""
        return texts.with_new_party(
            text, form.code.data or "", kind, names, form.joins_on.data, form.said(), asked_before
        )

    hint = gettext(
        "Where a clause names a kind of parties and not each of them, those in the wished region are asked first, then "
        "those with free places, then in the order that you choose here. Where a clause names each party, the order is "
        "written in the file. What is weaker by that stands first on the next page."
    )
    return _answer(version, form, gettext("A party joins"), joined, hint)


@blueprint.route("/agreement/<version>/edit/time/<path_step>", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def step_time(version: str, path_step: str) -> Answer:
    """A step of the critical path has another time."""
    agreement = _draft(version)
    there = next((each for each in agreement.path if each.step == path_step), None)
    if there is None:
        raise NotVisible
    own = texts.times_of_clauses(agreement, there)
    hint = ""
    if own:
        hint = gettext(
            "These clauses give the step a time of their own: %(numbers)s. For whom they hold that one counts. What is "
            "the same as the time of the step changes with it, and what would be longer is shortened. If the words of "
            "a clause say its time, change them, too.",
            numbers=", ".join(own),
        )
    made = change_time_form(own)
    now = {"minutes": _minutes(there.within), **{name: _minutes(own[each]) for name, each in made.clauses.items()}}
    form = made(request.form if request.method == "POST" else None, data=now)
    return _answer(
        version,
        form,
        text_in(there.names),
        lambda text: texts.with_time(text, path_step, timedelta(minutes=form.minutes.data or 0), form.own()),
        hint,
    )


def _minutes(within: timedelta) -> int:
    return int(within.total_seconds()) // 60


@blueprint.route("/agreement/<version>/edit/clause/<clause_number>", methods=["GET", "POST"])
@access.requires(Permission.AGREEMENT_MANAGE)
def clause(version: str, clause_number: str) -> Answer:
    """A clause is worded otherwise; its rule is changed in the file."""
    there = next((each for each in _draft(version).clauses if each.number == clause_number), None)
    if there is None:
        raise NotVisible
    form = word_clause_form(called())(request.form if request.method == "POST" else None, data=dict(there.text))

    def worded(text: str) -> str:
        words = {language: (form[language].data or "").strip() for language in country().languages}
        return texts.with_words(text, clause_number, words)

    heading = gettext("Clause %(number)s", number=clause_number)
    return _answer(version, form, heading, worded, gettext("Only its words change. Its rule is changed in the file."))
