"""What opens the child gate, for tests of the gates."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from nrm.domain.shelter.permits import Opening

HOUSEHOLD = uuid.UUID(int=5)


def decided(on: date | None) -> Opening | None:
    """A decision of that day, with everything before it on the same day; None without one."""
    if on is None:
        return None
    return Opening(uuid.UUID(int=1), HOUSEHOLD, on, on, on, on + timedelta(days=90), uuid.UUID(int=2), uuid.UUID(int=3))
