"""Whether a form that is sent was sent before, inside the transaction that records what it says (ADR 0232)."""

from __future__ import annotations

from nrm import audit
from nrm.domain.presses import Press, SentAlready
from nrm.store.rows import entries


def check(press: Press | None, event: audit.Event) -> None:
    """Raise SentAlready if this showing of the form recorded something under this event; of the newest entries of the
    chain alone. The caller has looked whether it recorded the same."""
    if press is None:
        return
    for _ in entries.since(entries.EVER, event, entries.about(press.mark)):
        raise SentAlready
