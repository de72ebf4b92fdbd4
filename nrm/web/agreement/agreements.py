"""The pages of the agreement: its versions and the steps to signature, the text in words, what a version changes."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from datetime import date
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from forms.agreement.agreements import (
    DIFFERENCE_LABELS,
    NO_REASON,
    REASON_OF_ANOTHER,
    REFUSED,
    STATUS_LABELS,
    UNUSABLE,
    AcceptWeakeningForm,
    ApproveAgreementForm,
    ProposeAgreementForm,
    SignAgreementForm,
    TryAgreementForm,
    WithdrawAgreementForm,
)
from nrm import clock, extras, parsing
from nrm.actions.accounts.accounts import CannotOpen
from nrm.actions.agreement import agreement_drafting, withdrawals
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.agreement import agreement_versions as actions
from nrm.countries import NoAgreement
from nrm.domain.accounts.accounts import NotVisible, OrganisationKind, Permission, Role
from nrm.domain.agreement.agreement_versions import (
    LONGEST_TEXT,
    SIGNERS,
    ApprovalRefused,
    IllegalVersionStep,
    Signed,
    VersionStatus,
    VersionStepRefusal,
    WeakeningRefused,
    WithdrawalRefused,
    missing,
    signing_parties,
)
from nrm.domain.agreement.agreements import Agreement, Party
from nrm.domain.agreement.fact_diagrams import TooManyClasses
from nrm.domain.words import N_, Phrase
from nrm.steps import background
from nrm.steps.agreement import known_versions, version_studies
from nrm.store import days
from nrm.store import names as organisation_names
from nrm.store.agreement import agreement_versions as store
from nrm.store.agreement import readiness
from nrm.store.countries import country
from nrm.web import access, errors, home, sessions, telephones
from nrm.web.agreement import agreement_changes, agreement_simulation, agreement_texts, contracts
from nrm.web.agreement import agreement_words as words
from nrm.web.agreement.text_differences import differences
from nrm.web.language import gettext, text_in, translated
from nrm.web.reports.late_tables import late_note, unjoined

blueprint = Blueprint("agreements", __name__)
Answer = errors.Answer

ASK_AGAIN_SECONDS = 10
BUSY = N_("A quarter is being closed or another version is being tried. Try again in some minutes.")
NOT_COMPARED = N_("The conditions of this text tell too many profiles apart to look at each. Withdraw it")


@blueprint.errorhandler(IllegalVersionStep)
def _refused(error: IllegalVersionStep) -> Answer:
    return errors.error_page(409, translated(REFUSED[error.reason]))


@blueprint.errorhandler(CannotOpen)
def _cannot_open(error: CannotOpen) -> Answer:
    """A version that another hand changed is called so to whoever reads versions; nothing else of it is shown."""
    version = (request.view_args or {}).get("version", "")
    with suppress(NotVisible):
        if known_versions.is_changed(version, by=access.actor()):
            explanation = gettext(
                "Version %(version)s was changed in the database by another hand. It is not used. Call the technical "
                "operator and compare with the signed text.",
                version=version,
            )
            return errors.error_page(404, explanation)
    return errors.cannot_open(error)


@blueprint.errorhandler(TooManyClasses)
def _not_compared(_: TooManyClasses) -> Answer:
    """Another text came into force, and beside that one it takes too long."""
    return errors.error_page(409, translated(NOT_COMPARED))


@home.page(Role.COORDINATOR)
def coordinator_home() -> str:
    """The version in force, all others with their state, what to do next, and contracts that end soon."""
    by = access.actor()
    known_versions.refresh_once()
    changed = known_versions.changed()
    ending = [line for line in store.contracts(by=by) if contracts.state_of(line) == "soon"]
    return render_template(
        "home/coordinator.html",
        present=_present(),
        shipped=[each for each in country().agreements if not _is_kept(each.version)],
        rows=[(row, known_versions.effective(row) if row.status == "signed" else None) for row in _rows(changed)],
        withdrawals=withdrawals.withdrawals(by=by),
        origins=version_studies.origins(by=by),
        refused=changed,
        lacking=version_studies.lacking_by_version(by=by),
        labels=STATUS_LABELS,
        ending=ending,
        **contracts.office(by),
        unready=sum(bool(line.missing) for line in readiness.lines(by=by)),
        today=days.today(),
        late=late_note(),
        unjoined=unjoined() if by.may(Permission.REGISTER_JOIN) else (),
    )


def _is_kept(version: str) -> bool:
    return any(row.version == version for row in store.versions(by=access.actor()) if row.status != "withdrawn")


def _rows(changed: Collection[str]) -> list[Any]:
    return [row for row in store.versions(by=access.actor()) if row.version not in changed]


def _present() -> Agreement | None:
    try:
        return country().in_force(clock.now())
    except NoAgreement:
        return None


def _status(version: str) -> str:
    """The state of a version; empty for one that came with the country's data. Raises CannotOpen."""
    try:
        return known_versions.status_of(version, by=access.actor())
    except NotVisible:
        return ""


@blueprint.get("/agreement/<version>")
@access.requires(Permission.AGREEMENT_READ)
def show(version: str) -> str:
    """The clauses in words."""
    agreement = known_versions.document(version, by=access.actor())
    names = words.names_of(agreement)
    return render_template(
        "agreement/agreements/show.html",
        agreement=agreement,
        clauses=[(each, words.rules(each, names)) for each in agreement.clauses],
        digest=known_versions.digest_of(version, by=access.actor()),
        weakened=agreement_changes.weakened(agreement, by=access.actor()),
        reworded=agreement_changes.reworded(version, by=access.actor()),
        origin=version_studies.origin(version, by=access.actor()),
        may_accept=_may_accept(_status(version)),
        status=_status(version),
        withdrawal=_withdrawal(version),
        may_begin=access.actor().may(Permission.AGREEMENT_MANAGE),
        labels=STATUS_LABELS,
        present=_present(),
        may_sign=version in actions.waits_for(by=access.actor()),
    )


def _withdrawal(version: str) -> withdrawals.WithdrawalLine | None:
    return (
        withdrawals.withdrawal_of(version, by=access.actor()) if _status(version) == VersionStatus.WITHDRAWN else None
    )


@blueprint.get("/agreement/<version>/parties")
@access.requires(Permission.AGREEMENT_READ)
def parties(version: str) -> str:
    """The parties with who signed for them and when they can be reached, coalitions, the critical path, reports."""
    by = access.actor()
    agreement = known_versions.document(version, by=by)
    given = []
    status = _status(version)
    if status:
        given = store.signature_lines(version, by=by)
    owed = missing(agreement, [Signed(each.party, agreement.day(each.signed_at)) for each in given])
    return render_template(
        "agreement/agreements/parties.html",
        agreement=agreement,
        names=words.names_of(agreement),
        said=lambda party: agreement_texts.of_party(agreement, party),
        reports=agreement_texts.reports(agreement),
        climbs=lambda step: words.escalation(step, words.names_of(agreement)),
        given=given,
        owed=owed if status in ("open", "signed") else {},
        signing=signing_parties(agreement) if status in ("open", "signed") else (),
        withdrawal=_withdrawal(version),
        changes_numbers=by.may(Permission.AGREEMENT_MANAGE),
        each=SIGNERS,
        office=_office,
        status=status,
        hours=lambda party: words.hours(party.desk),
        regions=_regions,
        span=words.span,
        coalitions=[
            (each, _naming(agreement, each))
            for each in agreement.parties.values()
            if each.kind is OrganisationKind.COALITION
        ],
    )


def _naming(agreement: Agreement, coalition: Party) -> dict[str, list[str]]:
    """Member -> the clauses that refer to it in the coalition's name."""
    found: dict[str, list[str]] = {member: [] for member in coalition.members}
    for clause in agreement.clauses:
        for target in clause.refer_to:
            if target.coalition == coalition.code and target.party is not None:
                found[target.party].append(clause.number)
    return found


def _regions(party: Party) -> str:
    return ", ".join(text_in(country().regions[code]) for code in party.regions)


@blueprint.get("/agreement/<version>/changes")
@access.requires(Permission.AGREEMENT_READ)
def changes(version: str) -> Response:
    """What a version changes: who is routed elsewhere, profiles without a home, the differences, the simulation."""
    return _changes(version, TryAgreementForm())


def _changes(version: str, form: TryAgreementForm) -> Response:
    row = store.version(version, by=access.actor())
    agreement = known_versions.document(version, by=access.actor())
    study = version_studies.study_of(version, by=access.actor())
    names = words.names_of(agreement, study.against)
    own = organisation_names.party_of(access.actor().organisation_id)
    rerouted = [agreement_changes.rerouted(each, names) for each in study.differences.rerouted]
    concerned = [
        line
        for line, each in zip(rerouted, study.differences.rerouted, strict=True)
        if agreement_changes.concerns(own, each)
    ]
    counted = Counter(each.kind for each in study.comparison.differences)
    waits = row.status == VersionStatus.PROPOSED and row.simulation is None and background.is_busy()
    running = waits and simulations.is_under_way(version, known_versions.digest_of(version, by=access.actor()))
    page = make_response(
        render_template(
            "agreement/agreements/changes.html",
            agreement=agreement,
            against=study.against.version,
            weakened=agreement_changes.weakened(agreement, by=access.actor()),
            reworded=agreement_changes.reworded(version, by=access.actor()),
            origin=version_studies.origin(version, by=access.actor()),
            may_accept=_may_accept(row.status),
            findings=[agreement_changes.finding(each, names) for each in agreement_changes.others(study)],
            rerouted=rerouted,
            counted=[(DIFFERENCE_LABELS[kind], number) for kind, number in counted.items()],
            concerned=concerned if own else None,
            different=differences(*version_studies.texts_compared(version, by=access.actor())),
            status=row.status,
            lacking=version_studies.lacking(version, by=access.actor()),
            numbers_alone=study.numbers_alone,
            no_more_trials=_no_more_trials(),
            nothing_for_anybody=not study.comparison.differences,
            waits=waits and not running,
            own_ended=waits and not running and simulations.is_under_way(version),
            trial=agreement_simulation.arranged(row.simulation, names) if row.simulation else None,
            running=running,
            part=background.told() if running else None,
            form=form,
        )
    )
    if waits:
        page.headers["Refresh"] = str(ASK_AGAIN_SECONDS)
    return page


def _no_more_trials() -> Phrase | None:
    """Why nothing can be tried now."""
    if not extras.installed():
        return errors.WITHOUT_STATISTICS
    return None if simulations.may_be_tried() else REFUSED[VersionStepRefusal.TRIES]


@blueprint.post("/agreement/<version>/try")
@access.requires(Permission.AGREEMENT_MANAGE)
def try_it(version: str) -> Answer:
    """Begin the simulation; the page that follows waits for it."""
    form = TryAgreementForm(request.form)
    if not form.validate():
        page = _changes(version, form)
        page.status_code = 422
        return page
    try:
        simulations.begin_trial(version=version, by=access.actor(), quarters=int(form.quarters.data))
    except background.Busy:
        return errors.error_page(409, BUSY)
    return redirect(url_for("agreements.changes", version=version, _anchor="trial"), 303)


@blueprint.get("/agreements/new")
@access.requires(Permission.AGREEMENT_MANAGE)
def propose_page() -> str:
    return render_template("agreement/agreements/propose.html", form=ProposeAgreementForm())


@blueprint.post("/agreements")
@access.requires(Permission.AGREEMENT_MANAGE)
def propose() -> Answer:
    """Check the draft; a broken one comes back with what is wrong and with the text."""
    form = ProposeAgreementForm(request.form)
    unreadable = _take_file(form)
    if form.validate() and not unreadable:
        try:
            version = agreement_drafting.propose(text=form.text.data or "", by=access.actor())
            return redirect(url_for("agreements.changes", version=version), 303)
        except agreement_drafting.Unusable as error:
            what = error.what
            form.text.errors = [N_("Correct the draft: %(what)s", what=what)]
        except parsing.BeyondLimits as error:
            form.text.errors = [error.phrase]
    elif unreadable:
        form.text.errors = [unreadable]
    return render_template("agreement/agreements/propose.html", form=form), 422


def _take_file(form: ProposeAgreementForm) -> Phrase | None:
    """Replace the text by the file that was chosen; returns what is wrong with the file, if anything."""
    chosen = request.files.get("file")
    content = chosen.read(4 * LONGEST_TEXT + 1) if chosen is not None and chosen.filename else b""
    if not content:
        return None
    try:
        form.text.data = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return N_("Choose a text file in UTF-8; this one is not")
    form.text.raw_data = [form.text.data]
    return None


@blueprint.get("/agreement/<version>/approve")
@access.requires(Permission.AGREEMENT_MANAGE)
def approve_page(version: str) -> Answer:
    return _step_page(version, VersionStatus.PROPOSED, "agreement/agreements/approve.html", form=ApproveAgreementForm())


def _step_page(version: str, *expected: Any, **values: Any) -> Answer:
    """The page for one step; 409 when the version is in another state. The last of `expected` is the template."""
    *statuses, template = expected
    row = store.version(version, by=access.actor())
    if row.status not in statuses:
        raise IllegalVersionStep(VersionStepRefusal.STATE)
    agreement = known_versions.document(version, by=access.actor())
    weakened = agreement_changes.weakened(agreement, by=access.actor())
    digest = known_versions.digest_of(version, by=access.actor())
    page: str = render_template(
        template,
        agreement=agreement,
        weakened=weakened,
        reworded=agreement_changes.reworded(version, by=access.actor()),
        origin=version_studies.origin(version, by=access.actor()),
        status=row.status,
        may_accept=_may_accept(row.status),
        lacking=version_studies.lacking(version, by=access.actor()),
        checked=agreement_changes.others(version_studies.study_of(version, by=access.actor())),
        digest=digest,
        read=_read() or digest,
        **values,
    )
    return page


def _read() -> str:
    """The digest of the text that the form which was sent showed; empty where none was."""
    return request.form.get("read", "")[:64]


def _may_accept(status: str) -> bool:
    """Whether the reader can still say why a safeguard is weakened."""
    return status in (VersionStatus.PROPOSED, VersionStatus.APPROVED) and access.actor().may(
        Permission.AGREEMENT_MANAGE
    )


@blueprint.get("/agreement/<version>/weakened/<number>")
@access.requires(Permission.AGREEMENT_MANAGE)
def accept_page(version: str, number: str) -> Answer:
    """What the version weakens, and the question why."""
    return _accept_page(version, number, AcceptWeakeningForm())


def _accept_page(version: str, number: str, form: AcceptWeakeningForm) -> Answer:
    agreement = known_versions.document(version, by=access.actor())
    weakened = agreement_changes.weakened(agreement, by=access.actor())
    found = [each for each in weakened if each.number == number]
    if not found:
        raise NotVisible
    if not _may_accept(store.version(version, by=access.actor()).status):
        raise IllegalVersionStep(VersionStepRefusal.STATE)
    if request.method == "GET":
        form.reason.data = found[0].reason
    page: str = render_template(
        "agreement/agreements/accept.html",
        agreement=agreement,
        weakened=found,
        form=form,
        read=_read() or known_versions.digest_of(version, by=access.actor()),
    )
    return page


@blueprint.post("/agreement/<version>/weakened/<number>")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.step_up
def accept(version: str, number: str) -> Answer:
    """Accept a weakening by the number of its safeguard, with a reason."""
    form = AcceptWeakeningForm(request.form)
    if form.validate():
        try:
            actions.accept_weakening(
                version=version, number=number, reason=form.reason.data or "", by=access.actor(), read=_read()
            )
            return redirect(url_for("agreements.changes", version=version, _anchor="weakened"), 303)
        except WeakeningRefused as error:
            form.reason.errors = [REASON_OF_ANOTHER if error.copied else NO_REASON]
    page = _accept_page(version, number, form)
    assert isinstance(page, str)
    return page, 422


@blueprint.post("/agreement/<version>/approve")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.step_up
def approve(version: str) -> Answer:
    form = ApproveAgreementForm(request.form)
    if form.validate():
        assert isinstance(form.on.data, date)
        try:
            actions.approve(
                version=version, on=form.on.data, note=form.note.data or "", by=access.actor(), read=_read()
            )
            return redirect(url_for("agreements.show", version=version), 303)
        except ApprovalRefused as error:
            field, words = UNUSABLE[error.reason]
            form[field].errors = [words]
    page = _step_page(version, VersionStatus.PROPOSED, "agreement/agreements/approve.html", form=form)
    assert isinstance(page, str)
    return page, 422


@blueprint.get("/agreement/<version>/open")
@access.requires(Permission.AGREEMENT_MANAGE)
def open_page(version: str) -> Answer:
    return _step_page(version, VersionStatus.APPROVED, "agreement/agreements/open.html")


@blueprint.post("/agreement/<version>/open")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.step_up
def open_for_signature(version: str) -> Answer:
    actions.open_for_signature(version=version, by=access.actor())
    return redirect(url_for("agreements.parties", version=version), 303)


@blueprint.get("/agreement/<version>/withdraw")
@access.requires(Permission.AGREEMENT_MANAGE)
def withdraw_page(version: str) -> Answer:
    return _withdraw_page(version, WithdrawAgreementForm())


def _withdraw_page(version: str, form: WithdrawAgreementForm) -> Answer:
    """Who has signed, and which organisations the text alone made, before it is withdrawn with a reason."""
    by = access.actor()
    states = (VersionStatus.PROPOSED, VersionStatus.APPROVED, VersionStatus.OPEN)
    given = store.signature_lines(version, by=by)
    names = words.names_of(known_versions.document(version, by=by))
    return _step_page(
        version,
        *states,
        "agreement/agreements/withdraw.html",
        form=form,
        given=[(each, names.get(each.party, each.party)) for each in given],
        made=[each.names for each in actions.only_of(version, by=by)],
    )


@blueprint.post("/agreement/<version>/withdraw")
@access.requires(Permission.AGREEMENT_MANAGE)
@sessions.right_first(WithdrawAgreementForm)
def withdraw(version: str) -> Answer:
    form = WithdrawAgreementForm(request.form)
    if form.validate():
        try:
            actions.withdraw(version=version, reason=form.reason.data or "", by=access.actor())
            return redirect(url_for("home.index"), 303)
        except WithdrawalRefused:
            form.reason.errors = [NO_REASON]
    page = _withdraw_page(version, form)
    assert isinstance(page, str)
    return page, 422


@blueprint.post("/agreements/withdrawn/<uuid:withdrawal_id>/read")
@access.requires(Permission.AGREEMENT_SIGN)
def read_withdrawal(withdrawal_id: uuid.UUID) -> Answer:
    """A signer has read that what they signed was withdrawn."""
    withdrawals.read_withdrawal(withdrawal_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.get("/agreement/<version>/sign")
@access.requires(Permission.AGREEMENT_SIGN)
def sign_page(version: str) -> Answer:
    form = SignAgreementForm(data={"read": known_versions.digest_of(version, by=access.actor())})
    return _sign_page(version, form)


def _sign_page(version: str, form: SignAgreementForm) -> Answer:
    store.version(version, by=access.actor())  # a text that came with the country is signed on paper alone
    if version not in actions.waits_for(by=access.actor()):
        known_versions.refresh()  # another process may have opened it within the last minute
        if version not in actions.waits_for(by=access.actor()):
            raise IllegalVersionStep(actions.why_not_to_sign(version, by=access.actor()))
    found = version_studies.origin(version, by=access.actor())
    if found is not None and found.stops:
        raise IllegalVersionStep(VersionStepRefusal.REPLACED)
    before, text = version_studies.texts_compared(version, by=access.actor())
    own = organisation_names.party_of(access.actor().organisation_id)
    given = store.signature_lines(version, by=access.actor())
    names, code = actions.proposer_of(version, by=access.actor())
    return _step_page(
        version,
        VersionStatus.OPEN,
        VersionStatus.SIGNED,
        "agreement/agreements/sign.html",
        form=form,
        proposer=(names, telephones.of_office(code)),
        desk=_desk_number(),
        signs_for=(words.names_of(text)[own], [each for each in given if each.party == own]),
        office=_office,
        against=before.version,
        different=differences(before, text),
    )


def _office(code: str) -> str:
    """What an organisation is called."""
    found = country().organisations.get(code)
    return text_in(found.names) if found is not None else code


def _desk_number() -> str:
    """Where the duty desk answers at any hour, by the agreement in force; empty where none is."""
    here = _present()
    desks = [] if here is None else [*here.parties.values()]
    return next((each.on_call for each in desks if each.kind is OrganisationKind.RESPONSIBLE_AUTHORITY), "")


@blueprint.post("/agreement/<version>/sign")
@access.requires(Permission.AGREEMENT_SIGN)
@sessions.step_up
def sign(version: str) -> Answer:
    form = SignAgreementForm(request.form)
    if form.validate():
        actions.sign(version=version, read=(form.read.data or "")[:64], by=access.actor())
        return redirect(url_for("agreements.parties", version=version), 303)
    page = _sign_page(version, form)
    assert isinstance(page, str)
    return page, 422


def register(app: Any) -> None:
    """Take in new versions once a minute, and say on home pages that one waits."""
    app.before_request(known_versions.refresh_if_due)
