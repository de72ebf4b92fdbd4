"""The nights by which shelters are paid: sums of all for the payment desk, its own exactly for a shelter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Blueprint, Response, render_template
from werkzeug.wrappers import Response as BaseResponse

from forms.agreement.contracts import WHY_LABELS
from forms.support.subsidies import STAND_LABELS
from nrm import clock
from nrm.actions.support import payment_lines as actions
from nrm.domain.accounts.accounts import Permission, Role
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.payment_lines import Basis
from nrm.domain.words import N_
from nrm.render.sheets import csv_bytes, xlsx_bytes
from nrm.store import days
from nrm.store.agreement import contract_changes
from nrm.store.countries import country
from nrm.store.support import benefits
from nrm.store.support.subsidies import Line
from nrm.web import access, home
from nrm.web.language import gettext, text_in, translated

blueprint = Blueprint("payment_lines", __name__)
CHANGES_SHOWN = timedelta(days=92)
"""So long it is said that a contract was changed: a quarter."""

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
    lines = actions.read(by=by)
    asked, foreign, called_off = benefits.number_asked(by=by) if by.may(Permission.BENEFIT_SETTLE) else (0, 0, 0)
    quarters = [each.base.quarter for each in lines]
    coming = max(quarters).next if quarters else Quarter.of(days.today())
    return render_template(
        "shelter/payment_lines/index.html",
        quarters=_by_quarter(lines),
        waits=any(each.waits for each in lines),
        signed_from=min((each.base.quarter for each in lines if each.base.to_sign), default=coming),
        coming=coming,
        desk=by.kind == "ministry",
        changed=contract_changes.changed_since(clock.now() - CHANGES_SHOWN, by=by),
        asked=asked,
        called_off=called_off,
        unpaid=[each for each in lines if each.left and by.may(Permission.NIGHTS_PAY)],
        foreign=foreign,
        may_sign=by.may(Permission.NIGHTS_SIGN),
        may_pay=by.may(Permission.NIGHTS_PAY),
        bases=BASES,
        reasons=WHY_LABELS,
        stands=STAND_LABELS,
    )


@blueprint.post("/payment/<any('csv', 'xlsx'):ending>")
@access.requires(Permission.PAYMENT_READ)
def download(ending: str) -> BaseResponse:
    """The list of nights as a table file. Taking it is recorded in the audit chain, so it is a form and not a link."""
    own = access.actor().kind != "ministry"
    exact = [gettext("Nights of the quarter"), gettext("From earlier quarters")] if own else []
    currency = text_in(country().currency)
    head = [
        gettext("Quarter"),
        gettext("Code"),
        gettext("Shelter"),
        *exact,
        gettext("Paid by"),
        gettext("Nights counted"),
    ]
    head += [
        gettext("Nights of the contract"),
        gettext("Amount of the contract in %(currency)s", currency=currency),
        gettext("Nights paid for"),
        gettext("To be paid in %(currency)s", currency=currency),
        gettext("Recorded as paid"),
        gettext("Signature"),
    ]
    rows: list[list[object]] = [[*head]]
    for line in actions.take(by=access.actor()):
        base = line.base
        rows.append(
            [
                *(str(base.quarter), base.code, text_in(base.names)),
                *([base.nights, base.earlier] if own else []),
                translated(BASES[base.basis]),
                base.paid,
                *((line.agreed_nights, line.agreed_amount) if line.agreed else (None, None)),
                line.nights_paid,
                line.to_pay,
                line.paid_amount if line.paid else None,
                gettext("nothing to pay: no contract pays for nights")
                if line.nothing and line.waits
                else translated(STAND_LABELS[line.stand]),
            ]
        )
    title = gettext("Nights that shelters are paid for")
    content = csv_bytes(rows) if ending == "csv" else xlsx_bytes(rows, title=title)
    response = Response(content, content_type="text/csv; charset=utf-8" if ending == "csv" else _XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"nights.{ending}")
    return response


def _by_quarter(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    quarters: dict[str, list[Line]] = {}
    for line in lines:
        quarters.setdefault(str(line.base.quarter), []).append(line)
    return list(quarters.items())
