"""The rules of an agreement in the reader's words: conditions, targets, duties, steps, times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from forms.agreement.agreements import (
    DIFFERENCE_LABELS,
    EVENT_LABELS,
    FACT_LABELS,
    KIND_LABELS,
    RUNG_LABELS,
    STEP_LABELS,
    VALUE_LABELS,
)
from forms.shelter.cases import COMPARTMENT_LABELS
from nrm.domain.agreement.agreement_people import Person, usual
from nrm.domain.agreement.agreements import (
    FACTS,
    FLAG,
    RECEIVER,
    SET,
    Agreement,
    Clause,
    Desk,
    Duty,
    Party,
    PathStep,
    Target,
)
from nrm.domain.agreement.comparisons import Difference, DifferenceKind, Lived, Reading, in_compartments, is_whole
from nrm.domain.agreement.fact_diagrams import Cube, terms
from nrm.domain.agreement.routes import FALLBACKS, Fallback
from nrm.domain.conditions import Condition
from nrm.domain.shelter.cases import Compartment
from nrm.store.countries import country
from nrm.web.language import gettext, ngettext, text_in, translated

Names = Mapping[str, str]
LISTS = {
    "age_class": "age_classes",
    "gender": "genders",
    "citizenship_class": "citizenship_classes",
    "needs": "needs",
}
"""Which list of the country puts the codes of a fact into words."""

ALWAYS_SAID = ("age_class", "gender", "citizenship_class", "entry_point")


def names_of(*agreements: Agreement) -> dict[str, str]:
    """Party, kind of organisation, or `receiver` -> its name; the first agreement that knows a party names it."""
    found = {RECEIVER: gettext("whoever receives the person")}
    found |= {str(kind): translated(label) for kind, label in KIND_LABELS.items()}
    for agreement in reversed(agreements):
        found |= {code: text_in(party.names) for code, party in agreement.parties.items()}
    return found


def span(within: timedelta) -> str:
    """A time in minutes, hours or days, as it is said."""
    minutes = int(within.total_seconds()) // 60
    if minutes % 60:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes % (24 * 60) or minutes == 24 * 60:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s day", "%(num)s days", minutes // (24 * 60))


def hours(desk: Desk) -> str:
    """When a desk answers."""
    around = desk.opens == desk.closes
    daily = gettext("day and night") if around else f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"
    if around and not desk.weekends:
        return gettext("day and night from Monday to Friday, not at weekends")
    return daily if desk.weekends else ", ".join((daily, gettext("not at weekends")))


def period(every: str) -> str:
    """How often, as a period of the document such as `P3M`."""
    number, unit = int(every[1:-1]), every[-1]
    if unit == "Y":
        return ngettext("every %(num)s year", "every %(num)s years", number)
    if unit == "M":
        return ngettext("every %(num)s month", "every %(num)s months", number)
    if unit == "W":
        return ngettext("every %(num)s week", "every %(num)s weeks", number)
    return ngettext("every %(num)s day", "every %(num)s days", number)


def code(fact: str, value: Any, names: Names) -> str:
    """One value of a fact."""
    value = str(value).lower() if isinstance(value, bool) else str(value)
    data = country()
    lists: Mapping[str, Any] = data.lists[LISTS[fact]] if fact in LISTS else {}
    if value in lists:
        return text_in(lists[value])
    if value in data.regions:
        return text_in(data.regions[value])
    if value in data.crossing_points:
        return text_in(data.crossing_points[value].names)
    return translated(VALUE_LABELS[value]) if value in VALUE_LABELS else names.get(value, value)


def condition(read: Condition, names: Names, *, inside: bool = False) -> str:
    """A condition; parts of parts stand in brackets. Empty for everybody."""
    if read.operator in ("and", "or"):
        joint = gettext(" and ") if read.operator == "and" else gettext(" or ")
        text = joint.join(condition(part, names, inside=True) for part in read.parts)
        return f"({text})" if inside and len(read.parts) > 1 else text
    if read.operator == "not":
        return gettext("not: %(what)s", what=condition(read.parts[0], names, inside=True))
    operand = read.operand
    codes = _in_order(read.name, operand) if isinstance(operand, frozenset) else [operand]
    what = gettext(" or ").join(code(read.name, each, names) for each in codes)
    return gettext("%(fact)s: %(what)s", fact=translated(FACT_LABELS[read.name]), what=what)


def receives(whom: Condition | None, names: Names) -> str:
    """Whom a party receives by its competence, in a line of its own."""
    said = gettext("nobody") if whom is None else condition(whom, names) or gettext("everybody")
    return gettext("Receives: %(whom)s", whom=said)


def whom(party: Party, names: Names) -> str:
    """The same in the words of the agreement, where it has some; empty where nothing is said of it."""
    if party.receives is not None:
        return gettext("Receives: %(whom)s", whom=text_in(party.receives))
    return receives(party.competence, names) if party.competence is not None else ""


def _in_order(fact: str, codes: Iterable[str]) -> list[str]:
    known = country().agreements[-1].facts[fact]
    return sorted(codes, key=lambda each: (known.index(each) if each in known else len(known), each))


def profile(cube: Cube, names: Names) -> str:
    """Profiles described at once, such as `Age group: child or not sure; Needs: without schooling`."""
    return "; ".join(term(each.fact, each.how, each.codes, names) for each in terms(cube)) or gettext("everybody")


def term(fact: str, how: str, codes: Iterable[str], names: Names) -> str:
    """What a description of profiles says of one fact."""
    words = [code(fact, each, names) for each in codes]
    joined = ", ".join(words) if how in ("with", "without") else gettext(" or ").join(words)
    values = {"fact": translated(FACT_LABELS[fact]), "what": joined}
    if how == "not":
        return gettext("%(fact)s: other than %(what)s", **values)
    if how == "without":
        return gettext("%(fact)s: without %(what)s", **values)
    return gettext("%(fact)s: %(what)s", **values)


def person(example: Person, agreement: Agreement, names: Names) -> str:
    """An example: age group, gender, citizenship and crossing point, then whatever is not usual."""
    base = usual(agreement)
    found = [code(name, example[name], names) for name in ALWAYS_SAID]
    for name, shape in FACTS.items():
        if name in ALWAYS_SAID or example[name] == base[name]:
            continue
        value = example[name]
        what = (
            ", ".join(code(name, each, names) for each in sorted(value)) if shape == SET else code(name, value, names)
        )
        fact = translated(FACT_LABELS[name])
        found.append(fact if shape == FLAG and value else gettext("%(fact)s: %(what)s", fact=fact, what=what))
    return "; ".join(found)


def step(name: str) -> str:
    """A step, in words where the program knows it."""
    return translated(STEP_LABELS[name]) if name in STEP_LABELS else name.replace("_", " ")


def compartments(which: Iterable[Compartment]) -> str:
    """Parts of a case, in the order in which they are always named."""
    given = in_compartments(which)
    if is_whole(given):
        return gettext("everything")
    return ", ".join(translated(COMPARTMENT_LABELS[each]) for each in given) or gettext("nothing")


def way(asked: Iterable[tuple[str, bool]] | Fallback, names: Names) -> str:
    """Parties in the order in which they are asked, or why nobody is."""
    if isinstance(asked, Fallback):
        return text_in(FALLBACKS[asked])
    return gettext(", then ").join(
        gettext("%(party)s (must)", party=names.get(party, party)) if must else names.get(party, party)
        for party, must in asked
    )


def target(named: Target, names: Names) -> str:
    """A party, a kind of parties, or a member in its coalition's name."""
    if named.kind is not None:
        return translated(KIND_LABELS[named.kind])
    assert named.party is not None
    name = names[named.party]
    return f"{name} ({names[named.coalition]})" if named.coalition is not None else name


def rules(clause: Clause, names: Names) -> list[str]:
    """Everything that follows from a clause, a sentence each: every key of it but its number and its words."""

    def parties(targets: Iterable[Target]) -> str:
        return ", ".join(target(each, names) for each in targets)

    for_whom = condition(clause.when, names)
    found = [gettext("For whom: %(who)s.", who=for_whom or gettext("everybody"))]
    if clause.on:
        found.append(gettext("Owed: %(event)s.", event=translated(EVENT_LABELS[clause.on])))
    if clause.refer_to and clause.must:
        found.append(gettext("Must receive: %(parties)s.", parties=parties(clause.refer_to)))
    elif clause.refer_to:
        found.append(gettext("May receive: %(parties)s.", parties=parties(clause.refer_to)))
    if clause.then:
        found.append(gettext("Asked when these decline or are not wanted: %(parties)s.", parties=parties(clause.then)))
    if clause.forbid:
        found.append(gettext("Never receives: %(parties)s.", parties=parties(clause.forbid)))
    found += [duty(each, names) for each in clause.duties]
    if clause.overrides:
        found.append(gettext("Goes before: %(clauses)s.", clauses=", ".join(clause.overrides)))
    if clause.ends:
        found.append(gettext("The way ends here: nobody is asked."))
    if clause.origin == "proposal":
        found.append(gettext("A proposal, to be confirmed by the parties."))
    else:
        found.append(gettext("From the agreement itself or a law beside it."))
    return found


def duty(owed: Duty, names: Names) -> str:
    """One duty: who is told what within which time, or who does what by when, before what."""
    values = {"party": names.get(owed.party, owed.party), "step": step(owed.kind)}
    within = span(owed.within) if owed.within is not None else ""
    if owed.kind == "notify":
        given = compartments(owed.grant) if owed.grant else gettext("nothing of the case")
        return gettext(
            "%(party)s is told within %(within)s and may read: %(what)s.", within=within, what=given, **values
        )
    if owed.before is not None and owed.within is not None:
        values |= {"before": step(owed.before), "within": within}
        return gettext("%(party)s: %(step)s within %(within)s, before %(before)s.", **values)
    if owed.before is not None:
        return gettext("%(party)s: %(step)s before %(before)s.", before=step(owed.before), **values)
    return gettext("%(party)s: %(step)s within %(within)s.", within=within, **values)


def escalation(each: PathStep, names: Names) -> str:
    """Whom a late step climbs to, and when."""
    rungs = []
    for rung in each.escalation:
        to = translated(RUNG_LABELS[rung.to])
        to = f"{to} ({names[rung.party]})" if rung.party is not None else to
        rungs.append(gettext("after %(time)s: %(whom)s", time=span(rung.after), whom=to))
    return "; ".join(rungs) or gettext("nobody")


def difference(each: Difference, names: Names) -> dict[str, Any]:
    """A difference: under which heading, about what, before and after."""
    heading = translated(DIFFERENCE_LABELS[each.kind])
    about, before, after = "", "", ""
    match each.kind:
        case DifferenceKind.SENT | DifferenceKind.NEXT:
            before, after = way(each.before, names), way(each.after, names)
        case DifferenceKind.TOLD:
            about = names.get(each.about[0], each.about[0])
            before, after = (_told(value) for value in (each.before, each.after))
        case DifferenceKind.READS:
            about = names.get(each.about[0], each.about[0])
            before, after = compartments(each.before), compartments(each.after)
        case DifferenceKind.STEP:
            about = step(each.about[0])
            if each.about[1]:
                about = gettext("%(step)s before %(before)s", step=about, before=step(each.about[1]))
            before, after = (_owed(value, names) for value in (each.before, each.after))
    if each.on:
        about = f"{about}. {translated(EVENT_LABELS[each.on])}"
    return {"heading": heading, "about": about, "before": before, "after": after}


def _told(within: timedelta | None) -> str:
    return gettext("not told") if within is None else gettext("within %(time)s", time=span(within))


def _owed(owed: Iterable[tuple[str, timedelta | None]], names: Names) -> str:
    found = [
        names.get(party, party)
        if within is None
        else gettext("%(party)s within %(within)s", party=names.get(party, party), within=span(within))
        for party, within in owed
    ]
    return ", ".join(found) or gettext("nobody has to")


def lived(life: Lived | None, names: Names) -> list[str]:
    """What a version does with one person, a line each."""
    if life is None:
        return [gettext("This version does not know such a person.")]
    asked = life.way or life.fallback
    found = [gettext("Asked: %(way)s", way=way(asked, names) if asked is not None else gettext("nobody"))]
    for on, reader, within, given in life.told:
        values = {
            "party": names.get(reader, reader),
            "what": compartments(given) if given else gettext("nothing of the case"),
        }
        values["when"] = span(within) if within is not None else ""
        if on:
            found.append(gettext("Told when missing: %(party)s within %(when)s; reads: %(what)s", **values))
        else:
            found.append(gettext("Told: %(party)s within %(when)s; reads: %(what)s", **values))
    by_step: dict[tuple[str, timedelta | None, str | None], list[str]] = {}
    for kind, party, within, before in life.owed:
        by_step.setdefault((kind, within, before), []).append(names.get(party, party))
    for (kind, within, before), parties in by_step.items():
        who = ", ".join(dict.fromkeys(parties))
        found.append(duty(Duty(kind, who, within, before), names))
    return found


def reading(each: Reading, names: Names) -> tuple[str, str]:
    """(reader, and on which event if not on a referral; what they may read)."""
    reader = names.get(each.reader, each.reader)
    if each.on:
        reader = f"{reader}. {translated(EVENT_LABELS[each.on])}"
    return reader, compartments(each.compartments)
