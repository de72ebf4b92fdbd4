"""Link codes, and the numbers that the police tied to them."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class LinkCode(Model):
    """One code. No column says of which case: `whose_mark` is a MAC over the case, `code_mark` one over the code.

    By both the program finds the row, and nobody a case or a code by the row. There is no hour and no day, because the
    police know when they typed a code. The code is sealed in the `link` compartment of the same id.
    """

    __tablename__ = "link_codes"

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # the prosecution
    whose_mark: Mapped[bytes] = mapped_column(unique=True)
    code_mark: Mapped[bytes] = mapped_column(unique=True)


class LinkNumber(Model):
    """One number of the police, sealed to the prosecution in the `link_number` compartment of the same id."""

    __tablename__ = "link_numbers"

    id: Mapped[uuid.UUID] = id_column()
    link_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("link_codes.id"), index=True)
