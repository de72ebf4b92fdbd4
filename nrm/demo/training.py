"""The country of a training: the country's own files, with a post and a shelter for each trainee (ADR 0189).

A trainee's shelter stands in for the country's first state shelter: every clause that names that one names it too, and
a clause forbids each of them to everybody but to people who came over its own post. So the rules of the agreement send
people where they would send them in earnest, and no trainee can send anybody to another one.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nrm.actions.shelter import places as place_actions
from nrm.countries import Country
from nrm.demo.cast import Cast
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.languages import ByLanguage
from nrm.domain.shelter.places import OutReason
from nrm.store import days as calendar
from nrm.store.shelter import places

MOST = 20
"""A text of the agreement has at most 60 parties, and a page of a route names each that receives people."""
BEDS = 12
_LISTED = re.compile(r"^(refer_to|then) = \[(.*)\]$", re.M)


@dataclass(frozen=True, slots=True)
class Desk:
    """What one trainee has: the code of a crossing point, and that of a shelter."""

    number: int
    post: str
    house: str


def desks(count: int) -> list[Desk]:
    """Those of so many trainees."""
    return [Desk(number, f"training_{number}", f"TRAINING_{number}_SHELTER") for number in range(1, count + 1)]


def write(folder: Path, source: Path, country: Country, cast: Cast, count: int) -> Path:
    """The files of the country of a training in the new folder, from those of `source`; returns the folder."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    trainees = desks(count)
    like = _post_to_copy(country, cast)
    state = country.organisations[_stands_for(country)]
    file = folder / "country.toml"
    text = re.sub(r"^#:schema .*\n", "", file.read_text("utf-8"))
    # Before the first organisation there is no list of tables whose end would be looked for.
    before, mark, after = text.partition("[[organisation]]")
    points = "".join(_point(each, like, country) for each in trainees)
    houses = "".join(_house(each, state.code, country) for each in trainees)
    full = _full_house(cast)
    after = re.sub(rf'(code = "{full}"\n(?:(?!\n\[)[\s\S])*?\nbeds = )\d+', r"\g<1>1", mark + after)
    file.write_text(f"{_last_points(before, points)}{houses}{after}\n{_table(trainees)}", "utf-8")
    for agreement in sorted(folder.glob("mou-*.toml")):
        said = agreement.read_text("utf-8")
        agreement.write_text(_agreement(said, trainees, state.party or "", country), "utf-8")
    return folder


def fill(actors: Mapping[str, Actor], cast: Cast) -> None:
    """One shelter has no free place tonight, for everybody: its only one is being repaired."""
    by = actors[f"{_full_house(cast)}/shelter_manager"]
    for place_id, _ in places.free_places(by=by):
        place_actions.take_out(
            place_id=place_id,
            from_on=calendar.today(),
            until_on=None,
            reason=OutReason.REPAIRS,
            reference=cast.writes["repairs"],
            by=by,
        )


def _full_house(cast: Cast) -> str:
    return cast.houses[1]


def _stands_for(country: Country) -> str:
    """The organisation that each trainee's shelter stands in for."""
    return next(code for code, each in country.organisations.items() if each.kind is OrganisationKind.STATE_SHELTER)


def _post_to_copy(country: Country, cast: Cast) -> str:
    """A post at which people come from Italy, else the one where most come."""
    near = (code for code in cast.posts if country.crossing_points[code].neighbour == "IT")
    return next(near, cast.first_posts[0])


POST = ByLanguage("Training post %(number)s (%(like)s)")
SHELTER = ByLanguage("Training shelter %(number)s (%(like)s)")
OWN_POST_ALONE = ByLanguage("Training %(number)s: this shelter receives only those who enter over its own post.")
OWN_SHELTER = ByLanguage("Training: whoever enters over a training post goes to its training shelter.")


def _words(said: ByLanguage, country: Country, **values: object) -> str:
    """Words in each language of the country."""
    told = said.filled(**values).among(country.languages)
    return "{ " + ", ".join(f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in told.items()) + " }"


def _point(desk: Desk, like: str, country: Country) -> str:
    point = country.crossing_points[like]
    names = _words(POST, country, number=desk.number, like=point.names)
    neighbour = f'neighbour = "{point.neighbour}"\n' if point.neighbour else ""
    return (
        f"[crossing_point.{desk.post}]\nnames = {names}\n"
        f'region = "{point.region}"\ngroup = "{point.group}"\n{neighbour}\n'
    )


def _house(desk: Desk, state: str, country: Country) -> str:
    organisation = country.organisations[state]
    names = _words(SHELTER, country, number=desk.number, like=_short(state, country))
    return (
        f'[[organisation]]\ncode = "{desk.house}"\nkind = "state_shelter"\nnames = {names}\nparty = "{desk.house}"\n'
        f'region = "{organisation.region}"\non_call = "{organisation.on_call}"\nbeds = {BEDS}\n'
        f'bed_prefix = "S"\n\n'
    )


def _short(state: str, country: Country) -> Mapping[str, str]:
    """What the agreement calls the shelter: shorter than its own name."""
    party = country.organisations[state].party or ""
    return country.agreements[-1].parties[party].names


def _last_points(before: str, points: str) -> str:
    """The new crossing points stand where the tables of the others begin."""
    place = before.index("[crossing_point.")
    return before[:place] + points + before[place:]


def _table(trainees: Sequence[Desk]) -> str:
    """What makes it a training."""
    return "".join(f'[[training]]\npost = "{each.post}"\nhouse = "{each.house}"\n\n' for each in trainees)


def _agreement(text: str, trainees: Sequence[Desk], state: str, country: Country) -> str:
    """A text of the agreement with the parties, the posts and the clauses of the training."""
    posts = ", ".join(f'"{each.post}"' for each in trainees)
    houses = ", ".join(f'"{each.house}"' for each in trainees)
    text = re.sub(r"(\[fact\.entry_point\]\nvalues = \[)", rf"\g<1>{posts}, ", text)
    text = _LISTED.sub(lambda found: f"{found[1]} = [{_named(found[2], state, houses)}]", text)
    party = re.search(rf'\[\[party\]\]\ncode = "{state}"\n(?:(?!\n\[)[\s\S])*', text)
    assert party is not None
    parties = "".join(_party(party[0], each, state, country) for each in trainees)
    text = text[: party.start()] + parties + text[party.start() :]
    clauses = "".join(_clauses(trainees, state, posts, country))
    place = text.index("[[clause]]")
    return text[:place] + clauses + text[place:]


def _named(codes: str, state: str, houses: str) -> str:
    return codes.replace(f'"{state}"', f'{houses}, "{state}"')


def _party(block: str, desk: Desk, state: str, country: Country) -> str:
    names = _words(SHELTER, country, number=desk.number, like=country.agreements[-1].parties[state].names)
    block = block.replace(f'code = "{state}"', f'code = "{desk.house}"', 1)
    return re.sub(r"^names = .*$", lambda _: f"names = {names}", block, count=1, flags=re.M) + "\n"


def _clauses(trainees: Sequence[Desk], state: str, posts: str, country: Country) -> Iterator[str]:
    yield (
        f'[[clause]]\nnumber = "0.0"\ntext = {_words(OWN_SHELTER, country)}\norigin = "proposal"\n'
        f'when = {{ in = ["entry_point", [{posts}]] }}\nforbid = ["{state}"]\n\n'
    )
    for each in trainees:
        yield (
            f'[[clause]]\nnumber = "0.{each.number}"\ntext = {_words(OWN_POST_ALONE, country, number=each.number)}\n'
            f'origin = "proposal"\nwhen = {{ not = {{ eq = ["entry_point", "{each.post}"] }} }}\n'
            f'forbid = ["{each.house}"]\n\n'
        )
