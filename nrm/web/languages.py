"""How complete each language of the country is: what of the program's sentences it says, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from nrm import catalogues
from nrm.catalogues import Coverage
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.web import access
from nrm.web.language import languages

blueprint = Blueprint("languages", __name__)
MOST_SHOWN = 200
"""How many of the missing sentences a page lists; the command lists all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A language of the country, by its code and its own name."""

    code: str
    name: str
    whole: Coverage


@blueprint.get("/languages")
@access.requires(Permission.ROLLOUT_READ, Permission.ORGANISATION_FOUND)
def index() -> str:
    """Each language with how many sentences it says."""
    lines = [Line(code, name, catalogues.whole(catalogues.coverage(code), code)) for code, name in languages().items()]
    return render_template("home/languages.html", lines=lines)


@blueprint.get("/languages/<language>")
@access.requires(Permission.ROLLOUT_READ, Permission.ORGANISATION_FOUND)
def show(language: str) -> str:
    """What one language lacks, by file, and the first of the sentences."""
    spoken = languages()
    if language not in spoken:
        raise NotVisible
    files = [each for each in catalogues.coverage(language) if each.missing]
    sentences = [sentence for each in files for sentence in each.missing]
    return render_template(
        "home/language.html",
        line=Line(language, spoken[language], catalogues.whole(catalogues.coverage(language), language)),
        files=files,
        sentences=sentences[:MOST_SHOWN],
    )
