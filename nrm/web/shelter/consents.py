"""Consent, for the holder of a case: what was said, asking again, taking back."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms import SelectChoice
from forms.names import language_name
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.consents import (
    ENDED_LABELS,
    INTERPRETER_LABELS,
    LINK_IS_DESTROYED,
    NAMING_LABELS,
    SAID_LABELS,
    TOPIC_LABELS,
    WEIGHED_LABELS,
    AskConsentForm,
    AskLinkForm,
    HowAskedForm,
    WeighWishForm,
    WithdrawConsentForm,
)
from nrm import clock
from nrm.actions.shelter import consents as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.accounts.second_hands import ActKind
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.languages import QUOTED
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import (
    EVERYTHING,
    Answer,
    Asking,
    ConsentRefusal,
    ConsentRefused,
    Ended,
    Naming,
    Said,
    Topic,
    Weighed,
    asking,
    is_interpreted,
    nothing_is_kept,
    read_from,
    texts_to_ask,
)
from nrm.domain.words import N_
from nrm.store import days
from nrm.store import names as organisation_names
from nrm.store.accounts import second_hands
from nrm.store.countries import country
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import consents as store
from nrm.store.shelter import matching, uncounted
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.store.shelter.consents import ConsentLine
from nrm.store.support import link_codes
from nrm.web import access, errors, formats, sessions
from nrm.web.language import current_language, gettext, ngettext, text_in, translated
from nrm.web.opened import unless_parked
from nrm.web.parts import Part
from nrm.web.referrals.referrals import party_names

blueprint = Blueprint("consents", __name__)
Page = tuple[str, int]
Answered = BaseResponse | Page | str

REFUSED = {
    ConsentRefusal.NOTHING: N_("The person has said no such yes that holds now."),
    ConsentRefusal.CHILD: N_("A child is not asked for consent: write down what it wishes."),
    ConsentRefusal.ADULT: N_("An adult is asked for consent."),
    ConsentRefusal.WEIGHED: N_("Choose what becomes of the wish"),
    ConsentRefusal.CHANGED: N_(
        "Somebody recorded an answer, or made a code, since you opened the page: read what stands now, and answer again"
    ),
}


@access.part_of_page
def summary(case_id: uuid.UUID) -> Part:
    """What a case page says of consent, for the holder."""
    lines = store.of_case(case_id, by=access.actor())
    said = [_in_words(each) for each in lines if each.holds]
    until = store.withheld_until(case_id, by=access.actor())
    act = second_hands.of_case(case_id, by=access.actor())
    again = act is None and any(each.due for each in lines)
    due = ""
    if until and act is None:
        told = formats.moment(until, current_language())
        due = gettext("Ask for consent first: what was told at the post waits sealed until %(moment)s.", moment=told)
    due = due or (gettext("Ask the person again: an answer runs out soon, or has.") if again else "")
    child = not said and case_store.case(case_id, by=access.actor()).age_class == "child"
    none = gettext("a child is not asked") if child else gettext("no answer holds")
    state = ngettext("%(num)s answer holds", "%(num)s answers hold", len(said)) if said else none
    nothing = store.read_nothing(case_id, answers=lines, by=access.actor()) if act is None else []
    if act is not None:
        state = gettext("everything is taken back, until it is destroyed or given back")
    elif nothing and not due:
        due = gettext("A yes still holds, and who may read by it reads nothing.")
    return Part.rendered(
        "consent",
        gettext("Consent"),
        state,
        "shelter/consents/summary.html",
        due=due,
        case_id=case_id,
        said=said,
        child=child,
        again=again,
        lists=_lists(case_id),
        until=until if act is None else None,
        act=act,
        nothing=nothing,
    )


def now(case_id: uuid.UUID, said: str, *, act: second_hands.ActLine | None, holds: bool) -> str:
    """What the strip of a case says of consent: `ended` where a yes to sharing was given and none holds any more, as
    after the case was closed and opened again; `taken_back` while it is closed to everybody for that."""
    if act is not None and act.kind is ActKind.WITHDRAW and said == "given":
        return "taken_back"
    if not holds:
        return said
    try:
        lines = store.of_case(case_id, by=access.actor())
    except NotVisible:
        return said
    sharing = [each.holds for each in lines if each.topic is Topic.SHARING and each.said is Said.GIVEN]
    return "ended" if said == "given" and sharing and not any(sharing) else said


def _lists(case_id: uuid.UUID) -> list[tuple[str, str]]:
    """(which list, the names on it) of the three lists; nothing where none of them was kept. Who can read a part and
    was not told yet stands apart: this is read out to the person."""
    known, found = party_names(), store.lists(case_id, by=access.actor())
    if not any(found.values()):
        return []
    waiting = store.not_told_yet(case_id, by=access.actor())
    found[Naming.TOLD] = [party for party in found[Naming.TOLD] if party not in waiting]
    listed = [(translated(label), found[naming]) for naming, label in NAMING_LABELS.items()]
    if waiting:
        listed.append((gettext("To be told: can read a part, and nobody has told it yet"), waiting))
    return [(label, "; ".join(known.get(each, each) for each in on) or gettext("nobody")) for label, on in listed]


def _name(line: ConsentLine) -> str:
    """What was asked, in words."""
    if line.topic is Topic.SHARING and line.party:
        return gettext("Telling %(party)s", party=party_names().get(line.party, line.party))
    return translated(TOPIC_LABELS[line.topic])


def _in_words(line: ConsentLine) -> tuple[str, str]:
    """(what was asked, what was said and what became of it)."""
    said = translated(SAID_LABELS[line.said])
    if line.weighed:
        said += ". " + translated(WEIGHED_LABELS[Weighed(line.weighed)])
    return _name(line), said


def _consent_row(line: ConsentLine) -> dict[str, object]:
    language = current_language()
    name, said = _in_words(line)
    return {
        "line": line,
        "name": name,
        "said": said,
        "ended": _ended(line),
        "language": language_name(line.language, language) if line.language else "",
        "interpreter": interpreter_label(line.interpreter),
        "wording": _wording(line.wording),
        "interpreted": _interpreted(line),
    }


def _interpreted(line: ConsentLine) -> str:
    """From which language it was interpreted, in words; empty where it was read in the person's own."""
    known = (each for each in country().questionnaires.values() if line.wording in each.wordings)
    questionnaire = next(known, None)
    read = read_from(questionnaire, line.wording, line.wording_sha256) if questionnaire is not None else ""
    return language_name(read, current_language()) if read and line.language not in ("", read) else ""


def _has_text(form: HowAskedForm, texts: Collection[str]) -> bool:
    """Whether there is a text in the language of a valid form, or somebody interprets; says it at the field if not."""
    if is_interpreted(form.language_code, str(form.interpreter.data), texts):
        return True
    language = language_name(form.language_code, current_language())
    words = gettext(
        "There is no text in %(language)s: somebody interprets, or read it in another language", language=language
    )
    form.interpreter.errors = [words]
    return False


def _ended(line: ConsentLine) -> str:
    """How an answer ended, in words. A no is never taken back by the person: it was recorded by mistake."""
    if line.mistaken or (line.ended == Ended.WITHDRAWN and line.said is Said.REFUSED):
        return gettext("recorded by mistake: the person had not said it")
    return translated(ENDED_LABELS[Ended(line.ended)]) if line.ended else ""


def _wording(code: str) -> str:
    """What the text that was read out is called; its code where no questionnaire has it any more."""
    known = (each.wordings[code] for each in country().questionnaires.values() if code in each.wordings)
    found = next(known, None)
    return QUOTED.of(current_language(), text=text_in(found.title)) if found is not None else code


def interpreter_label(code: str) -> str:
    """The interpreter in words; empty if not recorded, or recorded in a code of another questionnaire."""
    return next((translated(label) for each, label in INTERPRETER_LABELS.items() if each == code), "")


def _held_case(case_id: uuid.UUID) -> SeenCase:
    case = case_store.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER:
        raise NotVisible
    return case


@blueprint.get("/cases/<uuid:case_id>/consents")
@access.requires(Permission.CASE_OPEN)
def show(case_id: uuid.UUID) -> str:
    """Everything that was ever said, in words."""
    case = _held_case(case_id)
    answers = store.of_case(case_id, by=access.actor())
    rows = [_consent_row(each) for each in answers]
    looked_for = matching.is_looked_for(case_id, by=access.actor())
    act = second_hands.of_case(case_id, by=access.actor())
    until = store.withheld_until(case_id, by=access.actor()) if act is None else None
    return render_template(
        "shelter/consents/show.html",
        case=case,
        rows=rows,
        lists=_lists(case_id),
        until=until,
        looked_for=looked_for,
        act=act,
        nothing=store.read_nothing(case_id, answers=answers, by=access.actor()) if act is None else [],
        uncounted=uncounted.of_case(case_id, by=access.actor()),
    )


@blueprint.get("/cases/<uuid:case_id>/consents/ask")
@access.requires(Permission.CASE_OPEN)
@unless_parked
def ask_page(case_id: uuid.UUID) -> Answered:
    case = _held_case(case_id)
    form = _form(case)
    if isinstance(form, AskConsentForm):
        form.struck.data = sorted(store.struck_out(case))
    return _ask_page(case, form)


def _form(case: SeenCase) -> AskConsentForm | WeighWishForm:
    if case.age_class != "adult":
        return WeighWishForm(request.form)
    form = AskConsentForm(request.form)
    form.struck.choices = [SelectChoice(value=party, label=text_in(names)) for party, names in _others().items()]
    return form


def _others() -> dict[str, dict[str, str]]:
    """The shelters that could be told, without the holder: party -> names."""
    own = access.actor().organisation_code
    signed = organisation_names.shelters_that_signed(clock.now())
    return {each.party: each.names for each in signed if each.code != own}


def _questionnaire(case: SeenCase) -> Questionnaire:
    known = country().questionnaires
    return known.get(case.questionnaire) or next(iter(known.values()))


def _ask_page(case: SeenCase, form: AskConsentForm | WeighWishForm, status: int = 200) -> Page:
    if case.status != "open":
        raise NotVisible
    wording = None
    if case.age_class == "adult":
        questionnaire = _questionnaire(case)
        read = asking(questionnaire, {"age": "adult"}, language="", interpreter="").wording
        wording = questionnaire.wordings.get(read)
    read_in = request.args.get("read", "")
    page = render_template(
        "shelter/consents/ask.html",
        case=case,
        form=form,
        wording=wording.text if wording else {},
        languages=[(code, language_name(code, code)) for code in wording.text] if wording else [],
        read_in=read_in if wording and read_in in wording.text else "",
        until=store.withheld_until(case.id, by=access.actor()),
    )
    return page, status


@blueprint.post("/cases/<uuid:case_id>/consents/ask")
@access.requires(Permission.CASE_OPEN)
def ask(case_id: uuid.UUID) -> Answered:
    case = _held_case(case_id)
    form = _form(case)
    if not form.validate():
        return _ask_page(case, form, 422)
    texts = texts_to_ask(_questionnaire(case)) if case.age_class == "adult" else frozenset()
    if not _has_text(form, texts | set(country().languages)):
        return _ask_page(case, form, 422)
    answers, weighed = _answers(case, form)
    if "back" in request.form:
        return _ask_page(case, form)
    if nothing_is_kept(answers, before=case.consent) and not request.form.get("sure"):
        sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
        return render_template("shelter/consents/nothing_kept.html", case=case, sent=sent), 200
    asked = asking(
        _questionnaire(case), {"age": case.age_class}, language=form.language_code, interpreter=form.interpreter.data
    )
    try:
        actions.ask(case_id=case_id, answers=answers, asking=asked, weighed=weighed, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except ConsentRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("consents.show", case_id=case_id), 303)


def _answers(case: SeenCase, form: AskConsentForm | WeighWishForm) -> tuple[list[Answer], Weighed | None]:
    """The answers of a valid form; a party that was ticked and is no longer ticked had been agreed to before."""
    if isinstance(form, WeighWishForm):
        wish = Said(form.wish.data)
        return [Answer(Topic.WISH, wish)], None if wish is Said.UNSAID else Weighed(form.weighed.data)
    said = {"yes": Said.GIVEN, "no": Said.REFUSED}
    answers = [
        Answer(Topic.SERVICES, said[form.services.data]),
        Answer(Topic.SHARING, said[form.sharing.data]),
        Answer(Topic.STATISTICS, said[form.statistics.data]),
    ]
    struck = set(form.struck.data or ())
    again = (store.struck_out(case) & _others().keys()) - struck if form.sharing.data == "yes" else set()
    answers += [Answer(Topic.SHARING, Said.REFUSED, party) for party in sorted(struck)]
    return answers + [Answer(Topic.SHARING, Said.GIVEN, party) for party in sorted(again)], None


@blueprint.get("/cases/<uuid:case_id>/consents/link")
@access.requires(Permission.CASE_OPEN)
@unless_parked
def ask_link_page(case_id: uuid.UUID) -> Answered:
    return _ask_link_page(case_id, AskLinkForm())


def _ask_link_page(case_id: uuid.UUID, form: AskLinkForm, status: int = 200) -> Page:
    case = _held_case(case_id)
    if case.status != "open" or case.age_class != "adult":
        raise NotVisible
    now = link_codes.stand(case_id, by=access.actor())
    form.stands.data = now.token
    return render_template("shelter/consents/link.html", case=case, form=form, now=now), status


@blueprint.post("/cases/<uuid:case_id>/consents/link")
@access.requires(Permission.CASE_OPEN)
def ask_link(case_id: uuid.UUID) -> Answered:
    """Record whether the person agrees to a link code; a no ends the code that there is, once that was said."""
    form = AskLinkForm(request.form)
    if not form.validate():
        return _ask_link_page(case_id, form, 422)
    case = _held_case(case_id)
    if not _has_text(form, {*country().languages, *_questionnaire(case).languages}):
        return _ask_link_page(case_id, form, 422)
    now = link_codes.stand(case_id, by=access.actor())
    if form.stands.data != now.token:
        return _stands_otherwise(case_id)
    if form.link.data == "no" and now.has_code and not form.sure.data:
        form.sure.errors = [LINK_IS_DESTROYED]
        return _ask_link_page(case_id, form, 422)
    said = Answer(Topic.LINK, Said.GIVEN if form.link.data == "yes" else Said.REFUSED)
    how = Asking(_questionnaire(case).id, form.language_code, str(form.interpreter.data))
    try:
        actions.ask(case_id=case_id, answers=[said], asking=how, link_stands=now.token, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except ConsentRefused as error:
        if error.reason is ConsentRefusal.CHANGED:
            return _stands_otherwise(case_id)
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("consents.show", case_id=case_id), 303)


def _stands_otherwise(case_id: uuid.UUID) -> Page:
    """The page anew, with what stands now: nothing of the old one is taken."""
    form = AskLinkForm(formdata=None)
    form.link.errors = [REFUSED[ConsentRefusal.CHANGED]]
    return _ask_link_page(case_id, form, 409)


@blueprint.get("/cases/<uuid:case_id>/consents/withdraw")
@access.requires(Permission.CASE_OPEN)
@sessions.step_up
def withdraw_page(case_id: uuid.UUID) -> Answered:
    if _held_case(case_id).age_class != "adult":
        return errors.error_page(409, REFUSED[ConsentRefusal.CHILD])
    return _withdraw_page(case_id, _withdraw_form(case_id))


def _withdraw_form(case_id: uuid.UUID) -> WithdrawConsentForm:
    form = WithdrawConsentForm(request.form)
    given = [each for each in store.of_case(case_id, by=access.actor()) if each.holds and each.said is Said.GIVEN]
    choices = [
        SelectChoice(value=f"{each.topic}:{each.party}", label=_name(each))
        for each in given
        if each.topic is not Topic.SHARING or each.party
    ]
    form.what.choices = [*choices, SelectChoice(value=f"{EVERYTHING}:", label=gettext("Everything that was agreed to"))]
    return form


def _withdraw_page(case_id: uuid.UUID, form: WithdrawConsentForm, status: int = 200) -> Page:
    case, looked_for = _held_case(case_id), matching.is_looked_for(case_id, by=access.actor())
    return render_template("shelter/consents/withdraw.html", case=case, form=form, looked_for=looked_for), status


@blueprint.post("/cases/<uuid:case_id>/consents/withdraw")
@access.requires(Permission.CASE_OPEN)
@sessions.step_up
def withdraw(case_id: uuid.UUID) -> Answered:
    if _held_case(case_id).age_class != "adult":
        return errors.error_page(409, REFUSED[ConsentRefusal.CHILD])
    form = _withdraw_form(case_id)
    if not form.validate() or not form.is_of_past(days.today()):
        return _withdraw_page(case_id, form, 422)
    what, _, party = form.what.data.partition(":")
    if what == EVERYTHING and not request.form.get("sure"):
        return _ask_once_more(case_id)
    try:
        actions.withdraw(case_id=case_id, what=what, party=party, signed_on=form.signed_on, by=access.actor())
    except CaseRefused as error:
        return errors.error_page(409, CASE_REFUSED[error.reason])
    except ConsentRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("consents.show", case_id=case_id), 303)


def _ask_once_more(case_id: uuid.UUID) -> Page:
    """Everything, of whom, and who reads nothing any more: on a page of its own, because it stands last in a list."""
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "sure")]
    given = [each for each in store.of_case(case_id, by=access.actor()) if each.holds and each.said is Said.GIVEN]
    answers = [_name(each) for each in given if each.topic is not Topic.SHARING or each.party]
    return render_template(
        "shelter/consents/withdraw_all.html", case=_held_case(case_id), sent=sent, answers=answers
    ), 200


@blueprint.post("/cases/<uuid:case_id>/consents/narrow")
@access.requires(Permission.CASE_OPEN)
def narrow(case_id: uuid.UUID) -> Answered:
    """Give new keys to what somebody read until the consent ran out."""
    _held_case(case_id)
    actions.narrow(case_id=case_id, by=access.actor())
    return redirect(url_for("consents.show", case_id=case_id), 303)
