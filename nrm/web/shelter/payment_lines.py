"""The nights by which shelters are paid: sums of all for the payment desk, its own exactly for a shelter."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.shelter import payment_lines as actions
from nrm.domain.accounts.accounts import Permission, Role
from nrm.domain.shelter.payment_lines import Basis
from nrm.domain.words import N_
from nrm.render.sheets import csv_bytes, xlsx_bytes
from nrm.store.shelter.payment_lines import Base
from nrm.web import access, home
from nrm.web.language import gettext, text_in, translated

blueprint = Blueprint("payment_lines", __name__)

BASES: Mapping[str, str] = {
    Basis.NIGHTS: N_("Nights"),
    Basis.PLACES: N_("Places kept, each by the day"),
    Basis.WITHHELD: N_("Nights, not shown any more"),
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/payment")
@access.requires(Permission.PAYMENT_READ)
def index() -> str:
    """One table a quarter, and how the nights are counted."""
    return payment_home()


@home.page(Role.PAYMENT_OFFICER)
def payment_home() -> str:
    """The list of nights as a home page: the payment desk does nothing else."""
    by = access.actor()
    return render_template(
        "shelter/payment_lines/index.html",
        quarters=_by_quarter(actions.read(by=by)),
        desk=by.kind == "ministry",
        bases=BASES,
    )


@blueprint.post("/payment/<any('csv', 'xlsx'):ending>")
@access.requires(Permission.PAYMENT_READ)
def download(ending: str) -> BaseResponse:
    """The list of nights as a table file. Taking it is recorded in the audit chain, so it is a form and not a link."""
    own = access.actor().kind != "ministry"
    exact = [gettext("Nights of the quarter"), gettext("From earlier quarters")] if own else []
    head = [gettext("Quarter"), gettext("Code"), gettext("Shelter"), *exact, gettext("Paid by"), gettext("To be paid")]
    rows: list[list[object]] = [[*head]]
    for base in actions.take(by=access.actor()):
        rows.append(
            [
                *(str(base.quarter), base.code, text_in(base.names)),
                *([base.nights, base.earlier] if own else []),
                translated(BASES[base.basis]),
                base.paid,
            ]
        )
    title = gettext("Nights that shelters are paid for")
    content = csv_bytes(rows) if ending == "csv" else xlsx_bytes(rows, title=title)
    response = Response(content, content_type="text/csv; charset=utf-8" if ending == "csv" else _XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"nights.{ending}")
    return response


def _by_quarter(bases: list[Base]) -> list[tuple[str, list[Base]]]:
    quarters: dict[str, list[Base]] = {}
    for base in bases:
        quarters.setdefault(str(base.quarter), []).append(base)
    return list(quarters.items())
