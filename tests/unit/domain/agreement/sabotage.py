"""Every rule of the shipped agreement dropped, widened, narrowed or delayed once: documents to be caught."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.unit.domain.agreement.agreement_facts import document

LISTS = ("refer_to", "then", "notify", "require", "deadline")
EVERYTHING = ["hand_over", "identity", "story", "care", "legal"]
FAR = {"PT15M": "P1D", "PT30M": "P1D", "PT1H": "P2D", "P1D": "P9D"}


def _without(data: dict[str, Any], number: str) -> None:
    data["clause"] = [each for each in data["clause"] if each["number"] != number]


def _follows(clause: dict[str, Any]) -> bool:
    return any(clause.get(name) for name in (*LISTS, "forbid", "ends"))


def replaced(data: dict[str, Any], code: str, *, stays: bool = False) -> None:
    """An invented party of the same kind stands wherever the party stood; `stays`: that one remains, in name."""
    (party,) = (each for each in data["party"] if each["code"] == code)
    new = {**copy.deepcopy(party), "code": f"{code}_2", "names": dict.fromkeys(party["names"], "The other one")}

    def instead(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: instead(each) for key, each in value.items()}
        if isinstance(value, list):
            return [instead(each) for each in value]
        return new["code"] if value == code else value

    parties = [*(each for each in data["party"] if stays or each is not party), new]
    data.update({key: instead(value) for key, value in data.items() if key != "party"}, party=parties)


def later(data: dict[str, Any], name: str, time: str) -> None:
    """The time of a step and the first rung of it, raised together; whoever comes after that is not turned to."""
    (step,) = (each for each in data["path"] if each["step"] == name)
    step.update(within=time, escalation=[{**step["escalation"][0], "after": time}])


def without_place(data: dict[str, Any], *group: dict[str, Any], but: str = "") -> None:
    """No party but one receives the people of a group."""
    for each in data["party"]:
        if "competence" in each and each["code"] != but:
            others = {"not": {"and": list(group)}}
            own = each["competence"]
            each["competence"] = others if own == "everyone" else {"and": [own, others]}


FOREIGN_BOYS = (
    {"eq": ["age_class", "child"]},
    {"eq": ["gender", "masculine"]},
    {"eq": ["citizenship_class", "stateless"]},
)


def mutations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(what was done, the tables of the document); each is read without an error."""
    for position, clause in enumerate(document()["clause"]):
        number = clause["number"]
        data = document()
        _without(data, number)
        yield f"drop {number}", data
        for name in LISTS:
            for place in range(len(clause.get(name, []))):
                data = document()
                mine = data["clause"][position]
                del mine[name][place]
                if not mine[name]:
                    del mine[name]
                    if name == "refer_to":
                        mine.pop("must", None)
                        mine.pop("then", None)
                if _follows(mine):
                    yield f"drop {number} {name} {place}", data
        for name in ("notify", "require", "deadline"):
            for place, duty in enumerate(clause.get(name, [])):
                if "within" in duty:
                    data = document()
                    data["clause"][position][name][place]["within"] = FAR[duty["within"]]
                    yield f"delay {number} {name} {place}", data
                if name == "notify":
                    data = document()
                    data["clause"][position][name][place]["grant"] = EVERYTHING
                    yield f"widen {number} grant {place}", data
                    data = document()
                    data["clause"][position][name][place]["party"] = "BORDER_POLICE"
                    yield f"redirect {number} {place}", data
                if name == "require":
                    data = document()
                    data["clause"][position][name][place]["before"] = "closing"
                    yield f"late {number} {place}", data
        if "when" in clause:
            data = document()
            del data["clause"][position]["when"]
            yield f"widen {number}", data
        data = document()
        rinas = {"eq": ["entry_point", "rinas"]}
        data["clause"][position]["when"] = {"and": [clause["when"], rinas]} if "when" in clause else rinas
        yield f"narrow {number}", data
        if clause.get("must"):
            data = document()
            del data["clause"][position]["must"]
            data["clause"][position].pop("then", None)
            yield f"may {number}", data
    for position, party in enumerate(document()["party"]):
        data = document()
        data["party"][position]["until"] = date(2027, 1, 1)
        yield f"party {party['code']} leaves", data
        data = document()
        data["party"][position]["desk"] = {"opens": "09:00", "closes": "10:00", "weekends": False}
        yield f"party {party['code']} hours", data
        data = document()
        data["party"][position]["on_call"] = "+355 4 999"
        yield f"party {party['code']} number", data
        if party.get("competence"):
            data = document()
            data["party"][position]["competence"] = {"eq": ["gender", "feminine"]}
            yield f"party {party['code']} competence", data
        for stays in (False, True):
            data = document()
            replaced(data, party["code"], stays=stays)
            yield f"party {party['code']} replaced{', in name there' if stays else ''}", data
    for position, step in enumerate(document()["path"]):
        data = document()
        del data["path"][position]
        yield f"path {step['step']} gone", data
        data = document()
        data["path"][position]["within"] = "P9D"
        yield f"path {step['step']} later", data
        data = document()
        del data["path"][position]["escalation"]
        yield f"path {step['step']} climbs to nobody", data
        data = document()
        data["path"][position]["escalation"] = [{"after": "P30D", "to": "duty_officer"}]
        yield f"path {step['step']} climbs late", data
        data = document()
        later(data, step["step"], "P9D")
        yield f"path {step['step']} later, and whom it climbs to", data
    for position in range(len(document()["reporting"])):
        data = document()
        del data["reporting"][position]
        yield f"report {position} gone", data
    data = document()
    data["referral_expires"] = "P9D"
    yield "expires later", data
    data = document()
    without_place(data, *FOREIGN_BOYS)
    yield "foreign boys", data


def thinned() -> Iterator[tuple[str, dict[str, Any]]]:
    """(what was done, the tables): every value of every list within a fact, a party, a clause, a step and a report
    dropped once, however deep it lies; some of them are no agreement any more."""

    def lists(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield from lists(each, (*path, key))
        elif isinstance(value, list):
            for place, each in enumerate(value):
                yield (*path, place)
                yield from lists(each, (*path, place))

    for noun in ("fact", "party", "clause", "path", "reporting"):
        for path in lists(document()[noun], ()):
            data = document()
            at: Any = data[noun]
            for key in path[:-1]:
                at = at[key]
            if path[1:]:  # whole parties, clauses, steps and reports are dropped elsewhere
                del at[path[-1]]
                yield f"{noun} {' '.join(map(str, path))}", data
