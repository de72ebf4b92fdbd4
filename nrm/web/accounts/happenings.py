"""What happened with accounts and keys, in words."""

from __future__ import annotations

from collections.abc import Mapping

from nrm.domain.accounts.members import KeyHappening
from nrm.domain.words import N_

HAPPENINGS: Mapping[KeyHappening, str] = {
    KeyHappening.JOINED: N_("made an account and keys"),
    KeyHappening.CONFIRMED: N_("was let in: a colleague typed their words"),
    KeyHappening.CODE_MADE: N_("made a new recovery code"),
    KeyHappening.CODE_CHECKED: N_("typed in the recovery code"),
    KeyHappening.BEGINS_ANEW: N_("begins anew: the old keys are dead, a link was made"),
    KeyHappening.DISABLED: N_("left: the account opens nothing any more"),
    KeyHappening.WAITS_AGAIN: N_("waits for a confirmation again"),
    KeyHappening.KEYRING_MADE: N_("a new key of the organisation was made"),
    KeyHappening.KEYRING_MOVED: N_("everything was moved to the new key; the old one is gone"),
    KeyHappening.CAME_BACK: N_("was let in again, with the keys they had"),
    KeyHappening.SUSPENDED: N_("was suspended for a time"),
    KeyHappening.RESUMED: N_("works again: the suspension was ended"),
    KeyHappening.SEALED_ANEW: N_("everything was sealed anew: what a person who left may have kept opens nothing"),
    KeyHappening.FOUNDED: N_("founded the organisation and holds its key"),
    KeyHappening.RECOVERED: N_("set a new password by the recovery code"),
    KeyHappening.FACTOR_SET: N_("set up a second factor"),
    KeyHappening.FACTOR_CHANGED: N_("has another second factor: a telephone or a passkey"),
    KeyHappening.ANEW_ASKED: N_("is to begin anew; until then the old account goes on"),
    KeyHappening.ANEW_AGREED: N_("may begin anew at once: a second hand agreed"),
    KeyHappening.ANEW_STOPPED: N_("does not begin anew: it was ended"),
    KeyHappening.OBJECTED: N_("waits for 72 hours: a colleague objected"),
    KeyHappening.ROLE_CHANGED: N_("has another role"),
    KeyHappening.RENAMED: N_("has another name"),
    KeyHappening.LACKS_KEY: N_("says: I do not hold the key"),
    KeyHappening.KEY_GIVEN: N_("was given the key again"),
    KeyHappening.HOLDS_AGAIN: N_("says: I hold the key again"),
}
