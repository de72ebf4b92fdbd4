"""The exact text of a version with its digest, as a file, and everything about it in words, as a page and a PDF."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from forms.agreement.agreements import FACT_LABELS, KIND_LABELS, STATUS_LABELS
from forms.names import language_name
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.agreement.agreement_versions import VersionStatus
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.words import N_
from nrm.render.pdf import Attachment, PdfUnavailable, to_pdf
from nrm.steps.agreement import known_versions, version_studies
from nrm.store.agreement import agreement_versions as store
from nrm.store.countries import country
from nrm.web import access, errors, formats
from nrm.web.agreement import agreement_changes
from nrm.web.agreement import agreement_words as words
from nrm.web.agreement.comparisons import differences_in_words, people_in_words, read_by
from nrm.web.agreement.text_differences import differences, reported
from nrm.web.language import current_language, gettext, text_in, translated

blueprint = Blueprint("agreement_texts", __name__)
Answer = errors.Answer

NO_PDF = N_("The PDF cannot be made on this server now. Take the text instead; its digest is the same.")


@blueprint.get("/agreement/<version>/facts")
@access.requires(Permission.AGREEMENT_READ)
def facts(version: str) -> str:
    """What the version says of itself, and every fact that a rule may ask about."""
    agreement = known_versions.document(version, by=access.actor())
    return render_template("agreement/agreement_texts/facts.html", agreement=agreement, **of_itself(agreement))


def of_itself(agreement: Agreement) -> dict[str, Any]:
    """The title in every language, days, times, and the facts with their values."""
    names = words.names_of(agreement)
    listed = []
    for fact in FACTS:
        codes = agreement.facts[fact] or (True, False)
        listed.append((translated(FACT_LABELS[fact]), ", ".join(words.code(fact, each, names) for each in codes)))
    return {"facts": listed, "expires": words.span(agreement.expires_within), "titles": dict(agreement.title)}


@blueprint.get("/agreement/<version>/text")
@access.requires(Permission.AGREEMENT_READ)
def text(version: str) -> Response:
    """The file, byte for byte what the signatures cover."""
    content = known_versions.text_of(version, by=access.actor())
    response = Response(content.encode(), content_type="application/toml; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"agreement-{version}.toml")
    return response


@blueprint.get("/agreement/<version>/pdf")
@access.requires(Permission.AGREEMENT_READ)
def pdf(version: str) -> Answer:
    """Everything in words, the digest, and the exact text as an attachment."""
    by = access.actor()
    agreement = known_versions.document(version, by=by)
    content, digest = known_versions.text_of(version, by=by), known_versions.digest_of(version, by=by)
    html = render_template("agreement/agreement_texts/print.html", **in_words(agreement, digest))
    name = f"agreement-{version}.toml"
    try:
        made = to_pdf(html, attachments=[Attachment(name, content.encode(), f"SHA-256 {digest}")])
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    response = Response(made, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"agreement-{version}.pdf")
    return response


def in_words(agreement: Agreement, digest: str) -> dict[str, Any]:
    """All that a paper about the version says: what it weakens first, then the text in words, then what it changes."""
    by = access.actor()
    names = words.names_of(agreement)
    compared: dict[str, Any] = {"against": "", "differences": [], "readers": [], "people": [], "different": []}
    try:
        status = str(store.version(agreement.version, by=by).status)
        study = version_studies.study_of(agreement.version, by=by)
        names = words.names_of(agreement, study.against)
        compared = {
            "against": study.against.version,
            "differences": [differences_in_words(each, agreement, names) for each in study.comparison.differences],
            "readers": read_by(study.comparison.reading, names),
            "people": people_in_words(study.comparison.people, agreement, names),
            "different": differences(*version_studies.texts_compared(agreement.version, by=by)),
        }
    except NotVisible:
        status = ""
    return {
        **text_in_words(agreement),
        "digest": digest,
        "status": translated(STATUS_LABELS[VersionStatus(status)]) if status else gettext("Signed on paper"),
        "weakened": agreement_changes.weakened(agreement, by=by),
        "reworded": agreement_changes.reworded(agreement.version, by=by),
        "compared": compared,
    }


def text_in_words(agreement: Agreement) -> dict[str, Any]:
    """Everything that the text says, in words: every key of the document."""
    names = words.names_of(agreement)
    return {
        "agreement": agreement,
        "language": current_language(),
        "clauses": [(each, words.rules(each, names)) for each in agreement.clauses],
        "parties": [(each, of_party(agreement, each)) for each in agreement.parties.values()],
        "path": [
            (each, names[each.responsible], words.span(each.within), words.escalation(each, names))
            for each in agreement.path
        ],
        "reports": reports(agreement),
        **of_itself(agreement),
    }


def of_party(agreement: Agreement, party: Any) -> list[str]:
    """Everything the text says of a party besides its name, telephones and hours, a line each."""
    names = words.names_of(agreement)
    found = [translated(KIND_LABELS[party.kind]), gettext("Code: %(code)s", code=party.code)]
    if party.signed_on is not None:
        found.append(
            gettext("Signature written in the text: %(day)s", day=formats.day(party.signed_on, current_language()))
        )
    if party.members:
        found.append(gettext("Members: %(names)s", names=", ".join(names[each] for each in party.members)))
    if party.regions:
        found.append(
            gettext("Regions: %(names)s", names=", ".join(text_in(country().regions[each]) for each in party.regions))
        )
    if party.languages:
        found.append(
            gettext(
                "Languages: %(names)s",
                names=", ".join(language_name(each, current_language()) for each in party.languages),
            )
        )
    if party.competence is not None:
        found.append(words.receives(party.competence, names))
    if party.receives is not None:
        found.append(text_in(party.receives))
    return found


def reports(agreement: Agreement) -> list[tuple[str, str, str]]:
    """(who; through whom, to whom, how often; what) of every report."""
    names = words.names_of(agreement)
    found = []
    for duty in agreement.reporting:
        found.append((", ".join(names[each] for each in duty.who), reported(duty, names), text_in(duty.text)))
    return found
