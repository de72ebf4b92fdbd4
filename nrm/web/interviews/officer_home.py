"""The home page of a border officer: what waits, own interviews and those of colleagues, what was sent, telephones."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from flask import g, render_template, url_for
from markupsafe import Markup

from forms.referrals.referrals import STATUS_LABELS
from nrm import clock
from nrm.actions.interviews import interviews as actions
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.referrals.post_tasks import Said, TaskKind
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.words import N_
from nrm.steps.interviews import drafts as draft_steps
from nrm.store.interviews import draft_owners, family_notices, written_answers
from nrm.store.interviews import holds as held_store
from nrm.store.interviews import interviews as store
from nrm.store.interviews.draft_owners import AnothersLine
from nrm.store.interviews.family_notices import FamilyLine
from nrm.store.interviews.interviews import UnsentLine
from nrm.store.interviews.written_answers import PostAnswer
from nrm.store.referrals import post_tasks, referrals, supplements
from nrm.store.referrals.referrals import SentLine
from nrm.store.referrals.supplements import OpenSupplement
from nrm.web import access, formats, home, telephones
from nrm.web.interviews import draft_lines, groups, rollout
from nrm.web.interviews.draft_lines import DraftLine
from nrm.web.language import current_language, gettext, text_in
from nrm.web.referrals import announced_returns, critical_path, sent_filter

AT_HOME = 6  # rows of each list: the page stays small, and the rest is one click away
SENT_AT_HOME = 8
ASKED_LATELY = timedelta(days=3)
"""What was sent before that waits for nobody at a post any more."""
AGE_CLASSES = {"adult": N_("adult"), "child": N_("under 18"), "unsure": N_("age not sure")}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that this officer has to do, and where."""

    text: str
    address: str


@home.page(Role.BORDER_OFFICER)
def border_officer_home() -> str:
    """What waits; new interview; own drafts and imported ones; those of colleagues; what was sent, and the answer."""
    by = access.actor()
    drafts, completed = (store.listed(status, by=by, size=AT_HOME) for status in ("draft", "completed"))
    colleagues = draft_owners.of_colleagues(by=by, size=AT_HOME)
    sent = referrals.sent_by_me(by=by, size=SENT_AT_HOME)
    lines = urgent_first(drafts.rows)
    added = supplements.open_now(by=by)
    families = family_notices.written(by=by, size=AT_HOME) if g.top.families else []
    written = written_answers.of_post(by=by) if g.top.written else []
    find, called = _same_for_all(current_language(), telephones.numbers())
    return render_template(
        "home/border_officer.html",
        new_id=uuid.uuid4(),
        waiting=[
            *_of_answers(written, {line.id for line in lines}),
            *_of_tasks(by),
            *_of_sent(sent.rows),
            *_of_families(families),
            *_of_drafts(lines, {each.interview_id for each in written}),
            *_of_supplements(added),
        ],
        families=families,
        drafts=lines,
        more_drafts=drafts.after,
        completed=urgent_first(completed.rows),
        more_completed=completed.after,
        colleagues=colleagues.rows,
        steps=steps_of(colleagues.rows),
        more_colleagues=colleagues.after,
        held=held_store.of_post(by=by) if g.top.held else [],
        groups=groups.under_way(by) if g.top.groups else [],
        sent=sent,
        status_labels=STATUS_LABELS,
        find_sent=find,
        called=called,
        expected=announced_returns.expected_part(),
        first_use=rollout.first_use(by),
        closing=rollout.closing(by),
        today=rollout.today(),
    )


@lru_cache(maxsize=16)
def _same_for_all(_: str, numbers: Sequence[telephones.Telephone]) -> tuple[Markup, Markup]:
    """The form that finds what was sent, and the telephones: rendered once for each language (the first argument), as
    nothing in them is of one person."""
    find = render_template("referrals/referrals/find_sent.html", form=sent_filter.SentFilter())
    called = render_template("home/telephones.html", numbers=numbers)
    return Markup(find), Markup(called)  # noqa: S704 - templates of ours, their values are escaped


def described(row: UnsentLine) -> DraftLine:
    """The line of one's own interview, with its age class and the page that was saved last."""
    if row.lost:
        return draft_lines.draft_line(row)
    seen = draft_steps.glance(row.id, row.questionnaire, by=access.actor())
    age, page = AGE_CLASSES.get(seen.age, ""), page_title(row.questionnaire, seen.page)
    page = page or _language(row.questionnaire, seen.language) or gettext("nothing answered yet")
    return replace(draft_lines.draft_line(row, age, page), urgent=seen.urgent)


def own_drafts() -> tuple[list[DraftLine], str]:
    """The reader's drafts for a home page, urgent hand-overs first, and whether there are more."""
    found = store.listed("draft", by=access.actor(), size=AT_HOME)
    return urgent_first(found.rows), found.after


def urgent_first(rows: Iterable[UnsentLine]) -> list[DraftLine]:
    """The lines of a page of one's own interviews, urgent hand-overs first, else as they came."""
    return sorted((described(row) for row in rows), key=lambda line: not line.urgent)


def _language(questionnaire: str, code: str) -> str:
    """The own name of a language; empty for none that the questionnaire has."""
    known: Questionnaire | None = actions.questionnaires().get(questionnaire)
    return known.language_names.get(code, "") if known is not None else ""


def steps_of(lines: Iterable[AnothersLine]) -> Mapping[uuid.UUID, str]:
    """The page of each interview of a colleague, by its id; without those that only the interviewer opens."""
    return {line.id: page_title(line.questionnaire, line.step) for line in lines if not line.closed}


def page_title(questionnaire: str, page: str) -> str:
    """The title of a page; empty for none, and for one that the questionnaire does not have."""
    known: Questionnaire | None = actions.questionnaires().get(questionnaire)
    found = known.pages.get(page) if known is not None else None
    return text_in(found.title) if found is not None else ""


def _of_answers(written: Sequence[PostAnswer], own: Collection[uuid.UUID]) -> Iterator[Waiting]:
    """The children at the post of whom an answer of the child authority was written down that it denies, or has not
    confirmed; `own`: the reader's drafts."""
    for line in written:
        values = {"code": line.pseudonym}
        if line.denied:
            text = gettext("%(code)s: they did not say what was written down: keep the child here", **values)
            yield Waiting(text, url_for("notification_calls.child_answer_page", interview_id=line.interview_id))
        elif line.goes_on:
            text = gettext("%(code)s: the child authority has not confirmed what was written down", **values)
            page = "interviews.end_page" if line.interview_id in own else "draft_owners.open_page"
            yield Waiting(text, url_for(page, interview_id=line.interview_id))


def _of_tasks(by: Actor) -> Iterator[Waiting]:
    """What shelters said of people whom anybody of the post sent, until somebody says that it was done."""
    for line in post_tasks.denied(by=by) if g.top.post_tasks else ():
        values = {"code": line.pseudonym, "office": critical_path.names_of_parties().get(line.party, line.party)}
        text = gettext("%(code)s: %(office)s says that nobody told them: call them and the duty desk now", **values)
        yield Waiting(text, url_for("referrals.show", referral_id=line.referral_id))
    for task in post_tasks.of_post(by=by) if g.top.post_tasks else ():
        if task.what is TaskKind.MEETING:
            text = gettext(
                "%(code)s has left, and the shelter now says where you meet: tell the escort", code=task.pseudonym
            )
        elif task.what is TaskKind.NO_PLACE:
            text = gettext("%(code)s has left, and no meeting place is agreed: call now", code=task.pseudonym)
        elif task.how is Said.HERE:
            text = gettext(
                "%(code)s is said to have arrived, and this post says that the person is still here: call the duty "
                "desk now",
                code=task.pseudonym,
            )
        elif task.what is TaskKind.UNSAID:
            text = gettext(
                "%(code)s arrived, and nobody here said that they left: is the person still with you, or did they go "
                "with somebody else? Call at once",
                code=task.pseudonym,
            )
        else:
            text = gettext("%(code)s did not arrive: call the duty desk", code=task.pseudonym)
            if not task.left:
                text = gettext(
                    "%(code)s did not arrive, and nobody here said that they left: is the person still with you? Call "
                    "the duty desk",
                    code=task.pseudonym,
                )
        yield Waiting(text, url_for("referrals.show", referral_id=task.referral_id))


def _of_sent(rows: Sequence[SentLine]) -> Iterator[Waiting]:
    """What the newest referral of each person asks of who sent it."""
    newest: dict[uuid.UUID, SentLine] = {}
    for line in rows:  # the newest first
        newest.setdefault(line.case_id, line)
    for line in newest.values():
        if line.somewhere or clock.now() - line.sent_at > ASKED_LATELY:
            continue
        address = url_for("referrals.show", referral_id=line.id)
        code = line.pseudonym
        if line.status is ReferralStatus.MISTAKEN:
            yield Waiting(gettext("%(code)s: accepted by mistake, do not set off, call", code=code), address)
        elif line.status in (ReferralStatus.DECLINED, ReferralStatus.EXPIRED, ReferralStatus.WITHDRAWN):
            yield Waiting(gettext("%(code)s: nobody is being asked now, call", code=code), address)
        elif line.keyless:
            text = gettext("%(code)s: the duty officer chose a shelter, send it the keys now", code=code)
            yield Waiting(text, address)
        elif line.promise_denied:
            text = gettext("%(code)s: they say that they promised nothing, call them and the duty desk", code=code)
            yield Waiting(text, address)
        elif line.status is ReferralStatus.SENT and line.late:
            values = {"code": code, "receiver": text_in(line.receiver)}
            text = gettext("%(code)s: the answer of %(receiver)s is late, call", **values)
            if line.promise is not None:
                text = gettext(
                    "%(code)s: the answer of %(receiver)s is late, though %(name)s is said to have promised it: call",
                    name=line.promise.promised_by,
                    **values,
                )
            yield Waiting(text, address)
        elif line.status is ReferralStatus.ACCEPTED and line.departed_at is None:
            yield Waiting(gettext("%(code)s: accepted, look who comes and where you meet", code=code), address)
        elif line.status is ReferralStatus.ACCEPTED and line.late:
            yield Waiting(gettext("Late: %(code)s has not arrived yet, call the duty desk", code=code), address)


def _of_families(lines: Sequence[FamilyLine]) -> Iterator[Waiting]:
    for line in lines:
        if line.to_call:
            hour = formats.moment(line.told_at, current_language())
            text = gettext("Family notice of %(hour)s: call the child authority", hour=hour)
            yield Waiting(text, url_for("family_notices.show", family_id=line.id))


def _of_drafts(lines: Sequence[DraftLine], said: Collection[uuid.UUID]) -> Iterator[Waiting]:
    """`said`: interviews of which a line above says what was answered."""
    for line in lines:
        if line.child == "answered" and line.id not in said:
            address = url_for("interviews.end_page", interview_id=line.id)
            yield Waiting(gettext("%(code)s: the child authority has answered", code=line.code), address)
        elif line.warn:
            address = url_for("interviews.tasks", interview_id=line.id)
            yield Waiting(gettext("%(code)s: go on, or it is destroyed soon", code=line.code), address)


def _of_supplements(lines: Sequence[OpenSupplement]) -> Iterator[Waiting]:
    for line in lines:
        address = url_for("supplements.write_page", supplement_id=line.id)
        yield Waiting(gettext("Add to the urgent hand-over %(code)s", code=line.pseudonym), address)
