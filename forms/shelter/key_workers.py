"""What people type about who answers for a person, about the house label, and about shifts."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import RadioField, StringField
from wtforms.validators import ValidationError

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.key_workers import KeyWorkerRefusal, Place, PlaceEnd
from nrm.domain.shelter.shifts import COVER_MINUTES, COVER_MINUTES_SHARED, ShiftKind, ShiftRefusal
from nrm.domain.words import N_, Phrase

PLACE_LABELS: Mapping[Place, Phrase] = {Place.KEY: N_("Key worker"), Place.DEPUTY: N_("Deputy")}
END_LABELS: Mapping[PlaceEnd, Phrase] = {
    PlaceEnd.REPLACED: N_("somebody else took over"),
    PlaceEnd.TAKEN_OFF: N_("given up"),
    PlaceEnd.ACCOUNT: N_("the account ended"),
    PlaceEnd.CASE: N_("the case was closed or handed on"),
}
SHIFT_LABELS: Mapping[ShiftKind, Phrase] = {
    ShiftKind.PEOPLE: N_("A shift: identity, care and legal file of one's own people"),
    ShiftKind.DUTY: N_("On duty: care of everybody in the building"),
}
KEY_WORKER_REFUSED: Mapping[KeyWorkerRefusal, Phrase] = {
    KeyWorkerRefusal.TAKEN: N_("A colleague has this place. The manager decides, or the colleague gives it up."),
    KeyWorkerRefusal.BOTH: N_("Choose somebody else: one person cannot be key worker and deputy of the same case"),
    KeyWorkerRefusal.NOT_A_WORKER: N_("Choose a case worker or manager of this shelter"),
    KeyWorkerRefusal.NOBODY: N_("Nobody has this place."),
    KeyWorkerRefusal.OTHERS: N_("Only the manager appoints somebody else."),
}
SHIFT_REFUSED: Mapping[ShiftRefusal, Phrase] = {
    ShiftRefusal.NOBODY: N_(
        "You are key worker or deputy of nobody. Take somebody on from the page of the case, or begin a duty shift."
    ),
    ShiftRefusal.OVER: N_("Your eight hours are over: sign in again, then begin the shift."),
}


class AppointForm(OnceForm):
    """Who becomes key worker or deputy."""

    place = RadioField(
        N_("As what?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in PLACE_LABELS.items()],
        validators=[Offered(N_("Choose key worker or deputy"))],
        validate_choice=False,
    )
    member = RadioField(N_("Who?"), validators=[Offered(N_("Choose who it is"))], validate_choice=False)


class HouseLabelForm(OnceForm):
    """What a person is called in the house, and her room; one of them is enough. `may_be_empty`: whoever sees the label
    that is there takes it away by leaving both empty."""

    may_be_empty = False
    nickname = StringField(
        N_("What the person is called in the shelter"),
        description=N_("Not the name as in the papers: this stands on lists"),
        validators=[PlainText(40)],
    )
    room = StringField(N_("Room in which the person sleeps"), validators=[PlainText(20)])

    def validate_nickname(self, field: StringField) -> None:
        """Raise ValidationError when both are empty, and there is none to take away."""
        if not self.may_be_empty and not (field.data or "").strip() and not (self.room.data or "").strip():
            raise ValidationError(N_("Enter what the person is called, or the room"))


class CoverForm(OnceForm):
    """After how many minutes screens cover."""

    minutes = RadioField(
        N_("After how many minutes does a screen that nobody touches cover itself?"),
        choices=[
            SelectChoice(value=str(COVER_MINUTES), label=N_("5 minutes")),
            SelectChoice(value=str(COVER_MINUTES_SHARED), label=N_("2 minutes: several people share a tablet")),
        ],
        validators=[Offered(N_("Choose after how many minutes"))],
        validate_choice=False,
    )
