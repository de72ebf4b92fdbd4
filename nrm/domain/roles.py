"""Roles in the mechanism that rules speak of: a country says which of its organisations has each (ADR 0121)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.accounts.accounts import OrganisationKind


class MechanismRole(StrEnum):
    """What one organisation of a country is to all others."""

    AUTHORITY = "authority"  # its duty desk is called last everywhere, and decides where nobody else does
    CHILD_AUTHORITY = "child_authority"  # told of every child, and of whoever may be one
    TRP_UNIT = "trp_unit"  # decides on residence permits
    PROSECUTION = "prosecution"  # told in place of the police where an official is involved


KIND_OF_ROLE: Mapping[MechanismRole, OrganisationKind] = MappingProxyType(
    {
        MechanismRole.AUTHORITY: OrganisationKind.RESPONSIBLE_AUTHORITY,
        MechanismRole.CHILD_AUTHORITY: OrganisationKind.CHILD_PROTECTION,
        MechanismRole.TRP_UNIT: OrganisationKind.TRP_UNIT,
        MechanismRole.PROSECUTION: OrganisationKind.PROSECUTION,
    }
)
"""Of which kind the organisation is: the kind says what its members may do, the role which one of them is meant."""
