"""What was written after the shelter, as a page and a form show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forms.support.follow_ups import ACT_LABELS, LISTS, RESULT_LABELS, WORD_LABELS, ContactForm
from nrm import clock
from nrm.domain.support.follow_ups import BEFORE, SAID, WORDS, Result
from nrm.domain.words import N_
from nrm.store import days
from nrm.store.countries import country
from nrm.store.support.kept_ends import KeptEnd
from nrm.web import formats
from nrm.web.choices import label_of
from nrm.web.language import current_language, gettext, ngettext, text_in, translated


def in_months(months: int) -> str:
    """Which contact it is, in words."""
    return ngettext("after %(num)s month", "after %(num)s months", months)


def kept_ended(line: KeptEnd) -> str:
    """Who ended that the house stays in touch, and until when that can be taken back."""
    until = formats.day(line.until, current_language())
    if line.at is None:
        return gettext("Staying in touch was ended: until %(until)s you can take that back", until=until)
    at, office = formats.moment(line.at, current_language()), text_in(line.office)
    if line.is_passed_on:
        return gettext(
            "%(name)s of %(office)s passed on at %(at)s that nobody stays in touch any more: ask the person. Until "
            "%(until)s you can take it back",
            name=line.login,
            office=office,
            at=at,
            until=until,
        )
    return gettext(
        "%(name)s of %(office)s ended staying in touch at %(at)s: look whether that was right. Until %(until)s you can "
        "take it back",
        name=line.login,
        office=office,
        at=at,
        until=until,
    )


def told(opened: dict[str, Any]) -> list[tuple[str, str, str, list[tuple[str, str]], str]]:
    """(which contact, hour, who wrote it, answers in words, text) of each try, in their order."""
    tries = sorted(
        (tuple(map(int, name.split("."))), name)
        for name, each in opened.items()
        if isinstance(each, dict) and "result" in each
    )
    lines = []
    for (months, *_), name in tries:
        each: dict[str, Any] = opened[name]
        title = in_months(months)
        lines.append((title, str(each["at"]), str(each["login"]), _answers(each), str(each.get("text", ""))))
    return lines


def agreed(opened: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was agreed, as a page shows it."""
    return [(translated(WORD_LABELS[each]), opened[each]) for each in WORDS if each in opened]


def agreed_before(opened: dict[str, Any]) -> list[tuple[list[tuple[str, str]], str, str]]:
    """(what was agreed, until which hour, who changed it then) of each way that was changed, the last one first."""
    there = [each for name, each in opened.items() if name.startswith(f"{BEFORE}.")]
    there.sort(key=lambda each: str(each["at"]), reverse=True)
    return [(agreed(each), str(each["at"]), str(each["login"])) for each in there]


def done(opened: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """(what, in words; the line; hour; who wrote it) of what the house did about an alarm, and what raised one
    between two contacts, in their order."""
    there = [each for each in opened.values() if isinstance(each, dict) and each.get("plan") == SAID]
    words = {**{str(code): label for code, label in ACT_LABELS.items()}, "safe": N_("The person is safe now")}
    words["not_safe"] = N_("The person is not safe, or needs help now")
    return [
        (translated(words[each["what"]]), str(each["text"]), str(each["at"]), str(each["login"]))
        for each in sorted(there, key=lambda each: str(each["at"]))
    ]


def _answers(each: dict[str, Any]) -> list[tuple[str, str]]:
    form = ContactForm()
    rows = [(translated(form.result.label.text), translated(RESULT_LABELS[each["result"]]))]
    for name, (list_, _) in LISTS.items():
        if name in each:
            rows.append((translated(form[name].label.text), label_of(list_, each[name])))
    if each.get("needs"):
        rows.append((translated(form.needs.label.text), ", ".join(label_of("needs", code) for code in each["needs"])))
    if each.get("help_now"):
        rows.append((translated(form.help_now.label.text), gettext("Yes")))
    return rows


def entered_last(opened: dict[str, Any], months: int, *, settled: bool) -> dict[str, Any]:
    """What was entered last of a contact. What was answered when the person was reached is kept in it: whoever corrects
    that nobody reached her does not ask or type it again. Of one that is tried again: on the day of that correction
    alone, because answers that are older were not given at the next try."""
    mine = [each for name, each in opened.items() if isinstance(each, dict) and name.split(".")[0] == str(months)]
    mine.sort(key=lambda each: str(each["at"]))
    last: dict[str, Any] = mine[-1] if mine else {}
    reached = [each for each in mine if each["result"] == Result.REACHED]
    if last and last["result"] == Result.OTHER_PERSON:
        return {}
    if not settled and not (reached and _is_of_today(last)):
        return {}
    if not reached or last["result"] == Result.REACHED:
        return last
    return {**reached[-1], **{name: last[name] for name in ("result", "how", "text") if name in last}}


def _is_of_today(each: dict[str, Any]) -> bool:
    return clock.day_of(datetime.fromisoformat(str(each["at"])), country().timezone) == days.today()


def fill(form: ContactForm, entered: dict[str, Any]) -> None:
    """Show what was entered, so that a correction changes what is wrong and nothing else."""
    for name, value in entered.items():
        if name in form:
            form[name].data = value
