"""Whether somebody who was invited stands where they were invited to: rows, for actions and for pages.

The key log has nobody before they came in, so the mark of the link stands for it. A row that another hand moved to
another organisation, or gave another sign-in name, is no colleague of anybody: nothing is done with it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select

from nrm.db import db
from nrm.models.accounts.accounts import Invitation, Member
from nrm.vault.keylog import log, words


def moved(member_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these members who are invited, and whom no link invites by that name into that organisation."""
    asked = {*member_ids} - log.last_state(db.session).members.keys()
    rows = db.session.execute(
        select(Member, Invitation)
        .outerjoin(Invitation, Invitation.member_id == Member.id)
        .where(Member.id.in_(asked), Member.status == "invited")
        .execution_options(populate_existing=True)
    ).all()
    links: dict[uuid.UUID, list[tuple[Member, Invitation]]] = defaultdict(list)
    for member, link in rows:
        links[member.id] += [(member, link)] if link is not None else []
    # Links that are used or over stay as rows, so somebody without any was invited by nobody.
    return {each for each, there in links.items() if not any(words.is_invitation(link, who) for who, link in there)}
