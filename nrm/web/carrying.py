"""Forms that came after their session had ended: which are given back, and what is said of them, in words (ADR 0003).

A form that opens, ends or destroys something is never given back: anybody at the machine could have sent it, and the
person who signs in afterwards would do it for them. They are told that it was not done, and where to do it.

And forms whose second press must not record twice, and must not lose what was changed before it (ADR 0232).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from wtforms import Field

from forms.typed import Asked, every_form
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.interviews.interviews import Question
from nrm.domain.presses import Press, press_of
from nrm.domain.words import N_
from nrm.store import names, signed_names
from nrm.store.accounts import members, second_hands
from nrm.store.countries import country
from nrm.store.referrals import obligations, referrals, supplements
from nrm.store.shelter import (
    absences,
    away,
    cases,
    claims,
    data_requests,
    findings,
    identifications,
    stay_history,
    stays,
)
from nrm.store.support import hearings, plans
from nrm.web import formats
from nrm.web.carried_forms import ACT_WORDS, BY_LABEL, CLOSES, DECIDES, NEVER_KEPT, ON_PAGE, WORDS
from nrm.web.language import current_language, gettext, languages, text_in, translated

_YES = re.compile(r"consent_\w+|named|parties|party|by_name")
# What stands around the answers of a form.
AROUND = frozenset({"csrf_token", "step_up", "step_up_code", "carried", "id", "losing", "warned"})
_ID = re.compile(r"[0-9a-f-]{16,}")
# A part of a date, an entry of a list.
_PART = re.compile(r".*-(day|month|year|hour|minute|[0-9]+)(-.*)?")
# Ids, numbers and the codes of what is chosen from a list.
_CODE = re.compile(r"[0-9a-f-]{16,}|[0-9]+|[a-z]+(_[a-z]+)*")
# How to find the code of the case that a part of an address names, for an actor who may see it.
_CODE_BY: Mapping[str, tuple[Callable[[uuid.UUID, Actor], str], ...]] = {
    "case_id": (
        lambda id_, by: cases.case(id_, by=by).pseudonym,
        lambda id_, by: identifications.of_case(id_, by=by).pseudonym,
        lambda id_, by: findings.code_of(id_, by=by),
    ),
    "referral_id": (lambda id_, by: referrals.referral(id_, by=by).pseudonym,),
    "missing_id": (lambda id_, by: stay_history.alarm(id_, by=by).pseudonym,),
    "left_id": (lambda id_, by: absences.left_one(id_, by=by).pseudonym,),
    "stay_id": (lambda id_, by: stays.stay(id_, by=by).pseudonym,),
    "away_id": (lambda id_, by: away.one(id_, by=by).pseudonym,),
    "witness_id": (lambda id_, by: hearings.of_witness(id_, by=by).code,),
    "hearing_id": (lambda id_, by: hearings.of_entry(id_, by=by)[0].code,),
    "plan_step_id": (lambda id_, by: plans.step(id_, by=by).pseudonym,),
    "claim_id": (lambda id_, by: claims.one(id_, by=by).pseudonym,),
    "request_id": (lambda id_, by: data_requests.one(id_, by=by).pseudonym,),
    "supplement_id": (lambda id_, by: supplements.one_open(id_, by=by).pseudonym,),
    "obligation_id": (lambda id_, by: cases.case(obligations.row(id_, by=by).case_id, by=by).pseudonym,),
}


def decides(endpoint: str, fields: Mapping[str, str]) -> bool:
    """Whether a form closes a case, says yes or no for a person, or decides who receives them; some by their fields."""
    field, value = CLOSES.get(endpoint, ("", ""))
    if field:
        return fields.get(field) == value
    return endpoint in DECIDES or (endpoint == "interviews.save" and any(map(_YES.fullmatch, fields)))


def in_words(fields: Iterable[tuple[str, str]], endpoint: str = "") -> list[tuple[str, str]]:
    """What a form says, as (question, answer) in the reader's language, with what else somebody wrote: whoever sends a
    form that was typed before reads what it says. `endpoint`: of the form, where it is known."""
    if endpoint in BY_LABEL:
        sent = {name: value.strip() for name, value in fields}
        if "language" in sent:  # each by its own name, as on the form
            sent["language"] = languages().get(sent["language"], sent["language"])
        return [
            (translated(each.label.text), sent[each.name] or gettext("none"))
            for each in BY_LABEL[endpoint]()
            if each.name in sent
        ]
    known = _questions()
    found: dict[str, list[str]] = {}
    others: list[tuple[str, str]] = []
    for name, value in fields:
        question = known.get(name) or known.get(name.rpartition("-")[0])
        if question is None:
            others.append((name, value))
        elif value.strip():
            option = question.option(value)
            found.setdefault(text_in(question.text), []).append(text_in(option.text) if option else value)
    said = [(question, ", ".join(each)) for question, each in found.items()]
    wrote, chose = written(others), _chosen(others)
    return [
        *said,
        *([(gettext("What is written:"), ", ".join(wrote))] if wrote else []),
        *([(gettext("What is chosen:"), ", ".join(chose))] if chose else []),
    ]


def _chosen(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What was chosen or ticked in a form, in the words of the form. Ids say nothing to anybody and are left out."""
    told = [(name, value) for name, value in fields if value.strip() and name not in AROUND]
    asked = _asked_by(told)
    return [
        _labelled(name, value, asked) for name, value in told if _CODE.fullmatch(value) and not _ID.fullmatch(value)
    ]


def to_copy(fields: Iterable[tuple[str, str]]) -> list[str]:
    """Everything that was typed, chosen and ticked in a form, one line an answer, beside what it answers: for a page
    that shows it for the last time, and from which nobody can send it."""
    told = [
        (name, value)
        for name, value in fields
        if value.strip() and name not in AROUND | NEVER_KEPT and not _ID.fullmatch(value)
    ]
    asked, known = _asked_by(told), _questions()
    lines, last = list[str](), ""
    for name, value in told:
        question = None if name in asked else known.get(name)  # a box of another form may be called as a question
        whole = name.rpartition("-")[0] if question is None and _PART.fullmatch(name) else name
        if whole != name and whole == last:  # the next part of a date
            lines[-1] += f" {value}"
            continue
        if question is not None:
            option = question.option(value)
            line = f"{text_in(question.text)}: {text_in(option.text) if option else value}"
        elif whole != name and whole in asked and asked[whole].label:
            line = f"{translated(asked[whole].label)}: {value}"
        elif name in asked:
            line = _labelled(name, value, asked)
        elif whole == name and _CODE.fullmatch(value):
            continue  # a mark of the page, which nobody typed
        else:
            line = value
        lines.append(line)
        last = whole
    return lines


def _asked_by(fields: Iterable[tuple[str, str]]) -> Mapping[str, Asked]:
    """The fields of the form that has all that was sent and offers most of what was chosen, of several the smallest;
    without those that another one like it says otherwise. A date that was sent in parts is a field of the form, too."""
    fields = list(fields)
    wanted = [each for each in fields if not _PART.fullmatch(each[0])]
    names = [name for name, _ in wanted] + [name.rpartition("-")[0] for name, _ in fields if _PART.fullmatch(name)]
    fitting: dict[tuple[int, int], list[Mapping[str, Asked]]] = {}
    for form in every_form():
        if all(_offers(form.get(name), value) for name, value in wanted):
            chosen = sum(value in form[name].choices for name, value in wanted)
            fitting.setdefault((-chosen, len(form)), []).append(form)
    alike = fitting[min(fitting)] if fitting else []
    return {
        name: alike[0][name] for name in names if alike and all(each.get(name) == alike[0].get(name) for each in alike)
    }


def _offers(asked: Asked | None, value: str) -> bool:
    return asked is not None and (not asked.choices or value in asked.choices)


def _labelled(name: str, value: str, asked: Mapping[str, Asked]) -> str:
    """A choice with the words of its form; the code where no form knows it. A tick says what it stands beside."""
    field = asked.get(name)
    if field is None or not field.label:
        return f"{name}: {value}"
    label = translated(field.label)
    if value in field.choices:
        return f"{label}: {translated(field.choices[value])}"
    if value == "y":
        return label
    return f"{name}: {value}" if field.choices else f"{label}: {value}"  # of no choice: a number, or one word, typed


def _questions() -> Mapping[str, Question]:
    return {
        name: each
        for questionnaire in country().questionnaires.values()
        for name, each in questionnaire.questions.items()
    }


def written(fields: Iterable[tuple[str, str]]) -> list[str]:
    """What somebody wrote in a form in their own words, without what was chosen, what stands around the answers and
    what is nowhere kept; for a page that only shows it."""
    known = _questions()
    found = []
    for name, value in fields:
        question = known.get(name)
        # A box of another form may be called as a question: what has several words was written, and not chosen.
        listed = question is not None and (question.closed or question.kind == "parties")
        chosen = len(value.split()) == 1 if listed else question is None and _CODE.fullmatch(value)
        if value.strip() and name not in NEVER_KEPT and not chosen:
            found.append(value)
    return found


def form_at(path: str) -> tuple[str, Mapping[str, Any]]:
    """(endpoint, the parts of its address) of the form that is sent to `path`; an empty endpoint if there is none."""
    return _endpoint_at(unwrapped(path), "POST")


def unwrapped(path: str) -> str:
    """The address of the form itself, where `path` only chooses a language for it, once or several times: nobody is led
    to such an address again."""
    while path:
        endpoint, values = _endpoint_at(path, "POST")
        if endpoint != "accounts.speak":
            break
        path = f"/{values['form']}"
    return path


def code_of(values: Mapping[str, Any], *, by: Actor) -> str:
    """The code of the case that a form is about; empty if there is none, or the actor may not see it."""
    for name, ways in _CODE_BY.items():
        for way in ways if name in values else ():
            try:
                return way(values[name], by)
            except (NotVisible, NotPermitted):
                continue
    return ""


def about_of(values: Mapping[str, Any], *, by: Actor) -> list[tuple[str, str]]:
    """Whom an act on an account, or of two hands, is about, and nights of which quarter and house, in words; nothing
    the actor may not see."""
    try:
        if "quarter" in values and by.may(Permission.NIGHTS_SIGN):
            house = names.organisation(by.organisation_id) if by.organisation_id is not None else None
            which = (gettext("Quarter"), formats.quarter(str(values["quarter"]), current_language()))
            return [which, (gettext("Organisation"), text_in(house.names))] if house is not None else [which]
        if "act_id" in values:
            act = second_hands.one(values["act_id"], by=by)
            what = (gettext("What was asked for"), translated(ACT_WORDS[act.kind]))
            whose = (gettext("Code"), act.pseudonym) if act.pseudonym else (gettext("Who"), act.called)
            return [what, whose]
        if "member_id" in values:
            found = members.colleague(values["member_id"], by=by)
            return [(gettext("Who"), f"{signed_names.name_of(found)} ({found.login})")]
    except (NotVisible, NotPermitted):
        pass
    return []


def words_of_page(endpoint: str) -> str:
    """The words of the form that a page shows; empty for a page of several, or of none."""
    return WORDS.get(endpoint.removesuffix("_page"), "")


def page_of(path: str) -> str:
    """The page that contains the form that was sent to `path`: `path/new`, that address, or the nearest one above that
    is a page."""
    path = unwrapped(path)
    if _page_of_new(path):
        return _page_of_new(path)
    while path.strip("/"):
        if _endpoint_at(path, "GET")[0]:
            return path
        path = path.rstrip("/").rpartition("/")[0]
    return "/"


def has_own_page(endpoint: str, path: str) -> bool:
    """Whether the nearest page of `path` is the page of that form alone, and not a list, or a page of several."""
    if endpoint in ON_PAGE or _page_of_new(path):
        return True
    shown = _endpoint_at(path, "GET")[0]
    return bool(shown) and (shown == endpoint or shown.endswith("_page"))


def _page_of_new(path: str) -> str:
    """Where what is sent to a list is filled in (`/notices/new` of `/notices`); empty where there is no such page."""
    page = f"{path.rstrip('/')}/new"
    endpoint, values = _endpoint_at(page, "GET")
    return page if endpoint and "new" not in values.values() else ""


def _endpoint_at(path: str, method: str) -> tuple[str, Mapping[str, Any]]:
    try:
        return current_app.url_map.bind("").match(path, method=method)
    except (HTTPException, RequestRedirect):
        return "", {}


SENT_ALREADY = N_(
    "This form was sent already, and what it said then is recorded. What you changed was not recorded. Is it needed, "
    "too? Then press the button once more."
)


def pressed(once: str | None, *, by: Actor) -> Press:
    """The press of the form that this request sends; `once`: the number that the form carries. Raises ValueError for a
    number that no form carries."""
    number = uuid.UUID((once or "")[:36])
    words = [(name, text) for name, text in request.form.items(multi=True) if name not in AROUND]
    return press_of(number, by.member_id, words)


def sent_already(field: Field) -> uuid.UUID:
    """Say so at the first question; the number that the form carries from now on, so that one more press records it."""
    field.errors = [SENT_ALREADY]
    return uuid.uuid4()
