"""What the simulation of a draft found, arranged for its page. The figures are protected; nothing is counted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.agreement.agreements import PLACE_LABELS
from nrm.domain.agreement.agreement_simulation import BEFORE, MOST_NIGHTS, TOGETHER, week_name, weeks
from nrm.web.language import translated

Figures = dict[tuple[str, ...], int]
ALL = "*"


@dataclass(frozen=True, slots=True)
class Trial:
    """`places`: (name, people as it happened, under the draft); `moved`: (from, to, people) where the release says so;
    `late`: (as it happened, under the draft); `nights`: (day, [(as it happened, under the draft)] by `shelters`).

    Under the draft nothing stands for a way that is counted `together` with others of few people. `enough`: how many
    people would do for more than the number in all, where they are too few."""

    first: date
    last: date
    step: str
    total: int | None
    places: list[tuple[str, int | None, int | None]]
    moved: list[tuple[str, str, int]]
    late: tuple[int, int] | None
    shelters: list[str]
    nights: list[tuple[date, list[tuple[int, int | None]]]]
    together: bool
    enough: int = 0


def arranged(simulation: Mapping[str, Any], names: Mapping[str, str]) -> Trial:
    """The kept simulation (`actions.agreements.Simulated.to_json`) as the page shows it."""
    figures = {tuple(table["dimensions"]): _figures(table) for table in simulation["tables"]}
    # A table of two dimensions holds both by themselves, and then they have no tables of their own.
    for place, name in enumerate(("happened", "simulated")):
        for key, figure in figures.get(("happened", "simulated"), {}).items():
            if key[1 - place] == ALL:
                figures.setdefault((name,), {}).setdefault((key[place],), figure)
    first, last = (date.fromisoformat(simulation[key]) for key in ("from", "to"))
    happened, simulated = figures.get(("happened",), {}), figures.get(("simulated",), {})
    codes = [code for (code,) in dict.fromkeys([*happened, *simulated]) if code not in (ALL, BEFORE)]
    # Beside the parties only where somebody is.
    codes = [code for code in codes if code in names or happened.get((code,)) or simulated.get((code,))]
    together = (TOGETHER,) in simulated
    apart = {code for (code,) in simulated} if together else {*codes}
    words = {**names, **{code: translated(label) for code, label in PLACE_LABELS.items()}}
    both = figures.get(("happened", "simulated"), {})
    late = [figures.get((name,), {}).get(("yes",)) for name in ("late_happened", "late_simulated")]
    nights = _nights(figures, first, last)
    taken = [code for code in codes if any(each.get((code,)) for _, pair in nights for each in pair)]
    return Trial(
        first,
        last,
        simulation["step"],
        next((table[key] for table in figures.values() for key in table if set(key) <= {ALL}), None),
        [
            (
                words.get(code, code),
                None if code == TOGETHER else happened.get((code,), 0),
                simulated.get((code,), 0) if code in apart else None,
            )
            for code in codes
        ],
        [
            (words.get(old, old), words.get(new, new), people)
            for (old, new), people in both.items()
            if ALL not in (old, new) and new not in (TOGETHER, old) and people
        ],
        None if None in late else (late[0] or 0, late[1] or 0),
        [words.get(code, code) for code in taken],
        [
            (day, [(old.get((code,), 0), new.get((code,), 0) if code in apart else None) for code in taken])
            for day, (old, new) in nights
        ],
        together,
        simulation.get("enough", 0),
    )


def _figures(table: Mapping[str, Any]) -> dict[tuple[str, ...], int]:
    return {tuple(row[name] for name in table["dimensions"]): row["value"] for row in table["rows"]}


def _nights(
    figures: Mapping[tuple[str, ...], Figures], first: date, last: date
) -> list[tuple[date, tuple[Figures, Figures]]]:
    """The nights that are told of; of a simulation from before with each week of a year, some."""
    found = []
    for day in weeks(first, last):
        names = [(week_name(day, what),) for what in ("happened", "simulated")]
        if all(name in figures for name in names):
            found.append((day, (figures[names[0]], figures[names[1]])))
    return found[:: max(1, -(-len(found) // MOST_NIGHTS))]
