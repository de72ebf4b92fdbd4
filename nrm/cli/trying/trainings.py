"""`nrm demo --trainee`: the instance of a training, and the slips that are handed out (ADR 0189)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from nrm import catalogues, clock
from nrm.cli.instance import instance_settings
from nrm.cli.trying.building import Told, instance_of_invented_people, tell_each
from nrm.countries import Country
from nrm.demo import staff, training
from nrm.demo.cast import Cast
from nrm.demo.progress import Progress
from nrm.domain.accounts.accounts import ROLE_LABELS, Role
from nrm.domain.languages import ByLanguage

FOLDER = "country"
"""Where the files of the country of a training lie in its folder."""
_EARLIER = timedelta(days=30)
"""So long ago everybody began to work there: nobody is new, and nobody waits for a colleague."""

_CUT = "- " * 38 + "-"


def make_training(
    directory: Path,
    *,
    count: int,
    data: Country,
    invented: Cast,
    source: Path,
    second_factor: bool,
    tell: Told = (),
) -> dict[str, Any]:
    """Build the instance of a training for so many trainees; returns its accounts, and whose they are. Raises
    Refused."""
    progress = Progress(0, 0, partial(tell_each, tell))
    now = clock.now().replace(microsecond=0)
    with tempfile.TemporaryDirectory() as aside:
        folder = training.write(Path(aside) / FOLDER, source, data, invented, count)
        with instance_of_invented_people(
            directory,
            data.code,
            begins=now - _EARLIER,
            folder=folder,
            language=data.language,
            second_factor=second_factor,
        ):
            described, actors = staff.everybody(progress)
            clock.set_clock(lambda: now)
            training.fill(actors, invented)
        shutil.copytree(folder, directory / FOLDER)
    # The folder moves with the instance: a name that is not absolute is meant from there.
    (directory / "instance.toml").write_text(instance_settings(data.code, data.language, Path(FOLDER)), "utf-8")
    trainees = [
        {"number": each.number, "post": each.post.upper(), "shelter": each.house} for each in training.desks(count)
    ]
    return {"quarters": [], "accounts": described, "trainees": trainees}


def slips(described: Mapping[str, Any], country: Country) -> str:
    """A page to be cut: a slip for each trainee in the language of the country, and one for the trainer."""
    language = country.language
    accounts = described["accounts"]
    blocks = []
    for trainee in described["trainees"]:
        own = (trainee["post"], trainee["shelter"])
        mine = sorted((each for each in accounts if each["organisation"] in own), key=_place_in(own))
        names = [country.organisations[code].names[language] for code in own]
        blocks.append(_slip(country, described["url"], names, mine))
    given = {trainee[which] for trainee in described["trainees"] for which in ("post", "shelter")}
    rest = [each for each in accounts if each["organisation"] not in given]
    blocks.append(_slip(country, described["url"], [], rest))
    return f"\n{_CUT}\n".join(blocks)


def _place_in(own: Sequence[str]) -> Callable[[Mapping[str, Any]], int]:
    return lambda account: own.index(account["organisation"])


def _slip(country: Country, url: str, names: Sequence[str], accounts: Sequence[Mapping[str, Any]]) -> str:
    language = country.language
    said = [ByLanguage("Training: nothing here is real."), ByLanguage("Address: %(url)s", url=url)]
    if names:
        said += [
            ByLanguage("Your post: %(name)s", name=names[0]),
            ByLanguage("Your shelter: %(name)s", name=names[1]),
            ByLanguage("Begin at your post with line 1. For the exercises of your shelter take its first line."),
            ByLanguage(
                "Each place has more than one account: the others are colleagues, for steps that need a second person."
            ),
        ]
    else:
        said.append(ByLanguage("For whoever leads the training: keep this part."))
    for number, each in enumerate(accounts, start=1):
        login, password = each["login"], each["password"]
        desk = country.organisations.get(each["organisation"])
        label = ROLE_LABELS[Role(each["role"])]
        role = catalogues.said(label, language) or label
        said.append(
            ByLanguage("%(number)s. %(role)s at %(place)s", number=number, role=role, place=desk.names)
            if desk is not None
            else ByLanguage("%(number)s. %(role)s", number=number, role=role)
        )
        said.append(ByLanguage("Name to sign in: %(login)s · Password: %(password)s", login=login, password=password))
        if each["totp"]:
            said.append(ByLanguage("Secret for the telephone: %(secret)s", secret=each["totp"]))
    said.append(ByLanguage("After you have signed in, open the page “Exercises”."))
    return "\n".join(each[language] for each in said)
