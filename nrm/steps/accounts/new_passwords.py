"""Whether a member may have a password: what is known of them and of their country is no secret."""

from __future__ import annotations

from nrm.domain.accounts.accounts import check_password
from nrm.models.accounts.accounts import Member
from nrm.store import names
from nrm.store.countries import country
from nrm.vault import second_factor as second_factor_vault
from nrm.vault.passwords import is_common


def names_of(member: Member) -> list[str]:
    """The names of person, organisation and country: what a person who guesses this password would try first."""
    organisation = names.organisation(member.organisation_id)
    return [
        member.name,
        organisation.code,
        *organisation.names.values(),
        organisation.crossing_point,
        *of_the_country(),
    ]


def of_the_country() -> list[str]:
    found = country()
    return [found.code, *found.names.values()]


def check_new(password: str, member: Member) -> None:
    """Raise WeakPassword unless the member may have this password from now on."""
    alone = not second_factor_vault.demanded()
    check_password(password, member.login, names=names_of(member), is_common=is_common, alone=alone)
