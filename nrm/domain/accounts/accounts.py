"""Organisations, roles, permissions, and who is asking."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nrm.domain.look_alikes import skeleton
from nrm.domain.words import N_


class OrganisationKind(StrEnum):
    """What an organisation is; also the kind of an agreement's party. Never changes."""

    BORDER_POLICE = "border_police"
    POLICE = "police"
    STATE_SHELTER = "state_shelter"
    NGO_SHELTER = "ngo_shelter"
    INTERNATIONAL_ORGANISATION = "international_organisation"
    RESPONSIBLE_AUTHORITY = "responsible_authority"
    TRP_UNIT = "trp_unit"
    PROSECUTION = "prosecution"
    CONSULAR_SERVICE = "consular_service"
    HELPLINE = "helpline"
    CHILD_PROTECTION = "child_protection"
    COALITION = "coalition"
    MINISTRY = "ministry"
    OPERATOR = "operator"

    @property
    def holds_keys(self) -> bool:
        """Whether an organisation of this kind has a case keyring at all."""
        return self not in (OrganisationKind.MINISTRY, OrganisationKind.OPERATOR, OrganisationKind.COALITION)

    @property
    def takes_people_in(self) -> bool:
        """Whether it has places."""
        return self in SHELTERS


SHELTERS = frozenset(
    {
        OrganisationKind.STATE_SHELTER,
        OrganisationKind.NGO_SHELTER,
        OrganisationKind.INTERNATIONAL_ORGANISATION,
    }
)


class Role(StrEnum):
    """What a member does in the organisation."""

    BORDER_OFFICER = "border_officer"
    DUTY_OFFICER = "duty_officer"
    CASE_WORKER = "case_worker"
    SHELTER_MANAGER = "shelter_manager"
    TRP_OFFICER = "trp_officer"
    WITNESS_LIAISON = "witness_liaison"
    CONSULAR_OFFICER = "consular_officer"
    HELPLINE_OPERATOR = "helpline_operator"
    MONITOR = "monitor"
    STATISTICIAN = "statistician"
    ADMINISTRATOR = "administrator"
    PAYMENT_OFFICER = "payment_officer"
    READER = "reader"
    COORDINATOR = "coordinator"
    IDENTIFICATION_OFFICER = "identification_officer"
    CHILD_PROTECTION_OFFICER = "child_protection_officer"
    FOCAL_POINT = "focal_point"


class Permission(StrEnum):
    """`noun:verb`; checked at the page and again in the action."""

    INTERVIEW_CONDUCT = "interview:conduct"
    FAMILY_NOTICE_WRITE = "family_notice:write"
    REFERRAL_SEND = "referral:send"
    REFERRAL_DECIDE = "referral:decide"
    REFERRAL_DIRECT = "referral:direct"
    OBLIGATION_ACKNOWLEDGE = "obligation:acknowledge"
    CASE_READ = "case:read"
    CASE_OPEN = "case:open"
    STAY_MANAGE = "stay:manage"
    PLACE_MANAGE = "place:manage"
    TEAM_MANAGE = "team:manage"
    PERMIT_RECORD = "permit:record"
    TESTIMONY_RECORD = "testimony:record"
    LINK_MAKE = "link:make"  # a code for the police, of a witness who agreed
    LINK_TIE = "link:tie"  # a number of the police, to such a code
    CLAIM_RECORD = "claim:record"
    FEEDBACK_MANAGE = "feedback:manage"  # slips for those who live in the house, and what was done
    FEEDBACK_TYPE = "feedback:type"  # what came on paper
    COMPLAINT_READ = "complaint:read"  # about people who work in the mechanism
    COMPLAINT_STAND_IN = "complaint:stand_in"  # those that nobody else of the office reads
    REPORT_CLOSE = "report:close"
    REPORT_READ = "report:read"
    REPORT_COUNTERSIGN = "report:countersign"
    QUARTER_ANSWER = "quarter:answer"
    PAYMENT_READ = "payment:read"
    NIGHTS_SIGN = "nights:sign"
    NIGHTS_PAY = "nights:pay"
    BENEFIT_SETTLE = "benefit:settle"
    ACCOUNT_INVITE = "account:invite"
    ACCOUNT_CONFIRM = "account:confirm"
    ACCOUNT_RESET = "account:reset"
    ACCOUNT_DISABLE = "account:disable"
    ORGANISATION_FOUND = "organisation:found"
    ORGANISATION_SUSPEND = "organisation:suspend"
    MONITORING_SCORE = "monitoring:score"
    MONITORING_OWN = "monitoring:own"
    NOTICE_ANNOUNCE = "notice:announce"
    NOTICE_RECEIVE = "notice:receive"
    CHILD_RETURN_READ = "child_return:read"
    CHILD_RETURN_RECORD = "child_return:record"
    CHILD_RETURN_ANSWER = "child_return:answer"
    CALL_RECORD = "call:record"
    AGREEMENT_MANAGE = "agreement:manage"
    AGREEMENT_SIGN = "agreement:sign"
    AGREEMENT_READ = "agreement:read"
    CONTRACT_MANAGE = "contract:manage"
    ROLLOUT_READ = "rollout:read"
    ASSESSMENT_READ = "assessment:read"
    REQUEST_RECORD = "request:record"
    REQUEST_ANSWER = "request:answer"
    ALARM_READ = "alarm:read"
    MATCH_CHECK = "match:check"
    IDENTIFICATION_DECIDE = "identification:decide"
    REGISTER_FILE = "register:file"
    REGISTER_READ = "register:read"
    REGISTER_JOIN = "register:join"


# Work that several roles do.
_KEEPS_OWN_COLLEAGUES = frozenset(
    {Permission.ACCOUNT_INVITE, Permission.ACCOUNT_CONFIRM, Permission.ACCOUNT_RESET, Permission.ACCOUNT_DISABLE}
)
_WORKS_UNDER_THE_AGREEMENT = _KEEPS_OWN_COLLEAGUES | {
    Permission.OBLIGATION_ACKNOWLEDGE,
    Permission.AGREEMENT_READ,
    Permission.AGREEMENT_SIGN,
}
_WORKS_IN_CASES = _WORKS_UNDER_THE_AGREEMENT | {Permission.CASE_READ, Permission.CASE_OPEN}
_HANDS_PEOPLE_OVER = _WORKS_IN_CASES | {Permission.INTERVIEW_CONDUCT, Permission.REFERRAL_SEND}
_WORKS_IN_A_SHELTER = _HANDS_PEOPLE_OVER | {
    Permission.REFERRAL_DECIDE,
    Permission.STAY_MANAGE,
    Permission.PERMIT_RECORD,
    Permission.TESTIMONY_RECORD,
    Permission.CLAIM_RECORD,
    Permission.QUARTER_ANSWER,
    Permission.REQUEST_RECORD,
    Permission.REQUEST_ANSWER,
    Permission.MATCH_CHECK,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a role is called, in which kinds of organisations it works, and what it may."""

    label: str
    kinds: frozenset[OrganisationKind]
    permissions: frozenset[Permission]


def _work(label: str, kinds: Iterable[OrganisationKind], permissions: Iterable[Permission]) -> Work:
    return Work(label, frozenset(kinds), frozenset(permissions))


# Everything that is said of a role is said here; PERMISSIONS, ROLES_OF and ROLE_LABELS are read from it.
WORK: Mapping[Role, Work] = {
    # Runs the interview and hands the person over; no longer sees the case when the hand-over is accepted.
    Role.BORDER_OFFICER: _work(
        N_("Border officer"),
        {OrganisationKind.BORDER_POLICE},
        _HANDS_PEOPLE_OVER | {Permission.FAMILY_NOTICE_WRITE, Permission.NOTICE_RECEIVE, Permission.MONITORING_OWN},
    ),
    # Sees what was handed over and what is late; decides where no rule fits.
    Role.DUTY_OFFICER: _work(
        N_("Duty officer"),
        {OrganisationKind.RESPONSIBLE_AUTHORITY},
        _WORKS_IN_CASES
        | {
            Permission.REFERRAL_DIRECT,
            Permission.IDENTIFICATION_DECIDE,
            Permission.REPORT_READ,
            Permission.REPORT_COUNTERSIGN,
            Permission.NOTICE_ANNOUNCE,
            Permission.NOTICE_RECEIVE,
            Permission.CHILD_RETURN_READ,
            Permission.CHILD_RETURN_RECORD,
            Permission.ROLLOUT_READ,
            Permission.ASSESSMENT_READ,
            Permission.REQUEST_RECORD,
            Permission.REQUEST_ANSWER,
            Permission.FEEDBACK_TYPE,
            Permission.COMPLAINT_READ,
        },
    ),
    Role.CASE_WORKER: _work(N_("Case worker"), SHELTERS | {OrganisationKind.CHILD_PROTECTION}, _WORKS_IN_A_SHELTER),
    Role.SHELTER_MANAGER: _work(
        N_("Shelter manager"),
        SHELTERS,
        _WORKS_IN_A_SHELTER
        | {
            Permission.PLACE_MANAGE,
            Permission.TEAM_MANAGE,
            Permission.PAYMENT_READ,
            Permission.NIGHTS_SIGN,
            Permission.FEEDBACK_MANAGE,
        },
    ),
    # The permit officer and the witness liaison record in cases that a holder shared with them, and see no others.
    Role.TRP_OFFICER: _work(
        N_("Residence permit officer"),
        {OrganisationKind.TRP_UNIT},
        _WORKS_IN_CASES | {Permission.PERMIT_RECORD, Permission.QUARTER_ANSWER},
    ),
    Role.WITNESS_LIAISON: _work(
        N_("Witness liaison"),
        {OrganisationKind.PROSECUTION},
        _WORKS_IN_CASES
        | {
            Permission.TESTIMONY_RECORD,
            Permission.LINK_MAKE,
            Permission.CLAIM_RECORD,
            Permission.QUARTER_ANSWER,
            Permission.ALARM_READ,
        },
    ),
    Role.CONSULAR_OFFICER: _work(
        N_("Consular officer"),
        {OrganisationKind.CONSULAR_SERVICE},
        _WORKS_UNDER_THE_AGREEMENT | {Permission.NOTICE_ANNOUNCE},
    ),
    Role.HELPLINE_OPERATOR: _work(
        N_("Help line operator"),
        {OrganisationKind.HELPLINE},
        _HANDS_PEOPLE_OVER | {Permission.REQUEST_RECORD, Permission.NOTICE_ANNOUNCE, Permission.CALL_RECORD},
    ),
    Role.MONITOR: _work(
        N_("Monitor"),
        {OrganisationKind.MINISTRY},
        {Permission.MONITORING_SCORE, Permission.REPORT_READ, Permission.ROLLOUT_READ, Permission.ASSESSMENT_READ},
    ),
    # Answers what another country asks about a child, finds a guardian, receives the child.
    Role.CHILD_PROTECTION_OFFICER: _work(
        N_("Child protection officer"),
        {OrganisationKind.CHILD_PROTECTION},
        _WORKS_IN_CASES | {Permission.CHILD_RETURN_READ, Permission.CHILD_RETURN_ANSWER, Permission.ALARM_READ},
    ),
    # Sealed releases only: nothing of a person is within reach.
    Role.STATISTICIAN: _work(
        N_("Statistician"),
        {OrganisationKind.MINISTRY},
        {Permission.REPORT_CLOSE, Permission.REPORT_READ, Permission.REGISTER_READ},
    ),
    # Accounts and the machine; holds no key.
    Role.ADMINISTRATOR: _work(
        N_("Administrator"),
        {OrganisationKind.OPERATOR},
        {
            Permission.ACCOUNT_INVITE,
            Permission.ACCOUNT_RESET,
            Permission.ACCOUNT_DISABLE,
            Permission.ORGANISATION_FOUND,
            Permission.ORGANISATION_SUSPEND,
        },
    ),
    # Nights per shelter and quarter, by which shelters are paid, and benefits by payment codes: no report, no person.
    Role.PAYMENT_OFFICER: _work(
        N_("Payment officer"),
        {OrganisationKind.MINISTRY},
        {Permission.PAYMENT_READ, Permission.BENEFIT_SETTLE, Permission.NIGHTS_PAY},
    ),
    Role.READER: _work(N_("Reader of reports"), {OrganisationKind.MINISTRY}, {Permission.REPORT_READ}),
    # The texts of the agreement and the contracts with centres, at the Office of the Minister of State; holds no key.
    # There the tables of all agencies come together, too.
    Role.COORDINATOR: _work(
        N_("Coordinator of the agreement"),
        {OrganisationKind.MINISTRY},
        {
            Permission.AGREEMENT_READ,
            Permission.AGREEMENT_MANAGE,
            Permission.CONTRACT_MANAGE,
            Permission.REPORT_READ,
            Permission.REGISTER_READ,
            Permission.REGISTER_JOIN,
            Permission.ROLLOUT_READ,
        },
    ),
    # Holds the joint interview and looks at its record, in the cases whose holder shared that; reads no case otherwise.
    Role.IDENTIFICATION_OFFICER: _work(
        N_("Identification officer"),
        {OrganisationKind.POLICE, OrganisationKind.RESPONSIBLE_AUTHORITY, OrganisationKind.CHILD_PROTECTION},
        _KEEPS_OWN_COLLEAGUES
        | {
            Permission.IDENTIFICATION_DECIDE,
            Permission.AGREEMENT_READ,
            Permission.ALARM_READ,
            Permission.LINK_TIE,
            Permission.COMPLAINT_STAND_IN,  # at the Responsible Authority alone
        },
    ),
    # Files the tables of one agency, and sees no other's.
    Role.FOCAL_POINT: _work(
        N_("Focal point"), {OrganisationKind.MINISTRY}, {Permission.REGISTER_FILE, Permission.REGISTER_READ}
    ),
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {role: work.permissions for role, work in WORK.items()}
ROLE_LABELS: Mapping[Role, str] = {role: work.label for role, work in WORK.items()}
# An account outside this table is refused.
ROLES_OF: Mapping[OrganisationKind, frozenset[Role]] = {
    kind: frozenset(role for role, work in WORK.items() if kind in work.kinds) for kind in OrganisationKind
}


class NotVisible(Exception):
    """The thing does not exist, or the actor must not know that it does."""


class NotPermitted(Exception):
    """The actor's role may not do this."""


class OwnOrganisation(Exception):
    """Administrators cannot suspend their own organisation."""


class SignInRefused(Exception):
    """Unknown, wrong or disabled: one answer."""


class WaitsForColleague(SignInRefused):
    """Everything was right, but too many wrong codes came with the right password: a colleague lets them in again."""


class OrganisationOut(SignInRefused):
    """Everything was right, but the organisation is suspended. `reason`: the code that was signed, empty where none
    was; `desk`: it is the Responsible Authority."""

    def __init__(self, reason: str, *, desk: bool) -> None:
        super().__init__()
        self.reason, self.desk = reason, desk


class UnusableInvitation(Exception):
    """The link was used, has expired, or never existed."""


class PasswordRefusal(StrEnum):
    """Why a password is too easy to guess."""

    SHORT = "short"
    SHORT_ALONE = "short_alone"  # long enough only beside a second factor
    COMMON = "common"
    NAME = "name"
    LOGIN = "login"
    SAME = "same"  # the one they have: whoever saw it knows it still


class WeakPassword(ValueError):
    """The password is too easy to guess; `reason` says why."""

    def __init__(self, reason: PasswordRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class LoginRefusal(StrEnum):
    """Why a sign-in name cannot be used."""

    TAKEN = "taken"
    SHAPE = "shape"  # it cannot be typed reliably
    OTHERS = "others"  # it begins as those of another organisation, or not as those of one's own
    ALIKE = "alike"  # it is taken for that of a colleague


class InvitationRefusal(StrEnum):
    """Why a colleague invites nobody now."""

    MANY = "many"  # as many of their links are open, or were made within a day, as may be
    NEWCOMER = "newcomer"  # let in within 14 days, and others were there before


class InvitationRefused(Exception):
    """Nobody is invited; `reason` says why."""

    def __init__(self, reason: InvitationRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class UnusableLogin(ValueError):
    """The login is taken, or has characters that cannot be typed reliably; the argument is a stable code."""

    def __init__(self, reason: LoginRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class KeyHolder:
    """The private halves a member's session can use: X25519 and Ed25519, raw. Prints as hidden."""

    kem_private: bytes
    sign_private: bytes
    keyrings: dict[int, bytes] = field(default_factory=dict)  # version -> private half, once unwrapped
    unwrapped: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)  # (wrapped, context) -> compartment key
    under: bytes | None = None  # what the member's row has them sealed under; None: the session does not know
    bound: bool = True  # to the second factor; False: sealed by an older program

    def __repr__(self) -> str:
        return "<hidden>"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What signing in needs of an account: its salt, the verifier of its password, its sealed keys.

    With `known` false it stands in for an account that does not exist, so that both cost the same; nothing of it opens.
    """

    known: bool
    id: uuid.UUID
    organisation_id: uuid.UUID
    login: str
    role: str
    status: str
    salt: bytes | None
    verifier: bytes | None
    sealed_kem: bytes | None
    sealed_sign: bytes | None
    sealed_kem_recovery: bytes | None
    sealed_sign_recovery: bytes | None
    sealed_totp: bytes | None
    totp_step: int | None
    kem_public: bytes | None
    kem_mark: bytes | None
    sign_public: bytes | None
    sign_mark: bytes | None
    passkeys: int
    """How many rows there are; whether they are passkeys is looked at once the password is right."""
    argon2_kib: int | None
    argon2_passes: int | None
    waits: bool
    """Whether a colleague has to let the member in first: too many codes were wrong."""
    costs: tuple[tuple[int, int, int], ...]
    """(KiB, passes, number of accounts) of all accounts: an unknown name costs what one of them does."""

    @property
    def has_second_factor(self) -> bool:
        """Whether the account exists and a code is asked of it."""
        return self.known and self.sealed_totp is not None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking. Everything that reads or changes anything takes one as `by`."""

    member_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    role: Role | None
    kind: OrganisationKind | None = None
    organisation_code: str = ""
    crossing_point: str = ""
    session_id: bytes = field(default=b"", repr=False)
    keys: KeyHolder | None = field(default=None, repr=False)
    duty: str = ""

    @classmethod
    def system(cls, duty: str) -> Actor:
        """The program itself, doing what time brings (`tend`) or closing a quarter (`release`)."""
        return cls(None, None, None, duty=duty)

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission; the system has none of a person's."""
        return self.role is not None and permission in PERMISSIONS[self.role]

    def must(self, permission: Permission) -> None:
        """Raise NotPermitted unless `may`."""
        if not self.may(permission):
            raise NotPermitted(permission)


INVITATION_HOURS = 48
INVITATIONS_OPEN = 5
"""How many links of one member into one organisation may be open, or made within a day for who has not joined yet."""
SESSION_IDLE_MINUTES = 15
SHOWN_MINUTES = 15  # a recovery code or an invitation link that was just made
SESSION_HOURS = 8
SHORTEST_PASSWORD, SHORTEST_ALONE = 12, 15
"""Characters of a password: beside a second factor, and where there is none (NIST SP 800-63B-4, 3.1.1.2)."""
LONGEST_PASSWORD = 200
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,62})[a-z0-9]")
SHORTEST_NAME, FEWEST_LEFT, LONGEST_SINGLE_WORD = 3, 8, 10
_OURS = ("nrm", "mkr")
_DISGUISES = str.maketrans("013457@$!", "oieastasi")
_COMMON = ("password", "fjalekalim", "12345678", "qwertyui", "shqiperia", "albania", "letmein")


def normalise_login(text: str) -> str:
    """Casefolded and trimmed; raises UnusableLogin."""
    login = text.strip().casefold()
    if not _LOGIN.fullmatch(login):
        raise UnusableLogin(LoginRefusal.SHAPE)
    return login


def check_prefix(login: str, code: str, others: Iterable[str]) -> None:
    """Raise UnusableLogin unless a sign-in name begins with no code of another organisation before its first dot or
    hyphen, also in letters that look like it; `code`: of the own one."""
    first = skeleton(re.split(r"[.\-]", login, maxsplit=1)[0])
    if first != skeleton(code) and first in {skeleton(each) for each in others}:
        raise UnusableLogin(LoginRefusal.OTHERS)


def check_own_prefix(login: str, code: str) -> None:
    """Raise UnusableLogin unless a colleague's sign-in name begins with the code of the own organisation and a dot: so
    who invites learns nothing about the names of others."""
    if not login.strip().casefold().startswith(f"{code.casefold()}."):
        raise UnusableLogin(LoginRefusal.OTHERS)


def check_password(
    password: str,
    login: str,
    *,
    names: Iterable[str] = (),
    is_common: Callable[[str], bool] = lambda _: False,
    alone: bool = False,
) -> None:
    """NIST SP 800-63B: length, a list of common ones and what is known of the person; no composition rules.

    `names`: of the person, their organisation, the country. `alone`: there is no second factor beside it. Raises
    WeakPassword.
    """
    if len(password) < SHORTEST_PASSWORD or len(password) > LONGEST_PASSWORD:
        raise WeakPassword(PasswordRefusal.SHORT_ALONE if alone else PasswordRefusal.SHORT)
    if alone and len(password) < SHORTEST_ALONE:
        raise WeakPassword(PasswordRefusal.SHORT_ALONE)
    folded = password.casefold()
    if login and login.casefold() in folded:
        raise WeakPassword(PasswordRefusal.LOGIN)
    if any(_is_made_of(_letters(text), [*names, login, *_OURS]) for text in (folded, folded.translate(_DISGUISES))):
        raise WeakPassword(PasswordRefusal.NAME)
    if any(common in folded for common in _COMMON) and len(password) < SHORTEST_PASSWORD + 8:
        raise WeakPassword(PasswordRefusal.COMMON)
    if len(set(folded)) < 5 or _is_one_word(folded) or any(map(is_common, _variants(password))):
        raise WeakPassword(PasswordRefusal.COMMON)


def _letters(text: str) -> str:
    """The text in small letters without accents; only letters and digits are kept."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if each.isalnum())


def _is_made_of(text: str, names: Iterable[str]) -> bool:
    """Whether hardly anything but digits is left of the text without the names and their words."""
    words = {_letters(word) for name in names for word in (name, *re.split(r"[\W_]+", name))}
    rest = text
    for word in sorted((each for each in words if len(each) >= SHORTEST_NAME), key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != text and len(rest.strip("0123456789")) < FEWEST_LEFT


def _is_one_word(folded: str) -> bool:
    """A short word with digits and signs around it, or one that is repeated."""
    core = re.sub(r"[\W\d_]+\Z|\A[\W\d_]+", "", folded)
    unit = re.fullmatch(r"(.+?)[\W\d_]*(?:\1[\W\d_]*)+", core)
    word = unit[1] if unit else core
    return (word.isalpha() or not word) and len(word) < LONGEST_SINGLE_WORD


def _variants(password: str) -> set[str]:
    """The password as typed, in small letters, and both without what follows the last letter."""
    found = {password, password.casefold()}
    return found | {re.sub(r"[\W\d_]+\Z", "", each) for each in found}
