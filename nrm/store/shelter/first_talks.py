"""What the form for the first talk begins with, for the holder of a case."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.store.shelter import cases


def coded(case_id: uuid.UUID, *, by: Actor) -> Mapping[str, Any]:
    """The coded facts of a case that the actor's organisation holds; raises NotVisible."""
    case = cases.row(case_id, by=by)
    if case.holder_id != by.organisation_id or case.status == "referred":
        raise NotVisible
    return case.facts
