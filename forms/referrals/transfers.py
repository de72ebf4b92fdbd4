"""What two shelters type when a person moves from one to the other."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, TextAreaField
from wtforms.validators import DataRequired, Optional

from forms import SelectChoice
from forms.referrals.referrals import PlaceReferralForm
from forms.shelter.stays import children_seen
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.referrals.transfers import CallOff, HandOver, MoveReason, TransferRefusal
from nrm.domain.words import N_

LONGEST = 4_000

MOVE_REASON_LABELS = {
    MoveReason.OWN_WISH: N_("The person wants to"),
    MoveReason.FAMILY_TOGETHER: N_("To be with family"),
    MoveReason.MEDICAL_NEED: N_("A medical need"),
    MoveReason.LONGER_HELP: N_("Longer help than we give"),
    MoveReason.CONFLICT_WITH_RESIDENT: N_("Conflict with somebody who lives here"),
    MoveReason.NO_ROOM: N_("We have no room any more"),
    MoveReason.NOT_SAFE_HERE: N_("The person is not safe here"),
    MoveReason.COMPLAINT: N_("A complaint about somebody who works here"),
    MoveReason.OTHER: N_("Another reason"),
}
CALL_OFF_LABELS = {
    CallOff.DOES_NOT_WANT: N_("The person does not want to go"),
    CallOff.ILL: N_("The person is ill and cannot travel"),
    CallOff.MISSING: N_("The person is missing"),
    CallOff.CANNOT_BE_TAKEN: N_("The other shelter cannot take the person after all"),
    CallOff.OTHER_PLACE: N_("Another place was found"),
    CallOff.OTHER: N_("Another reason"),
}
TRANSFER_REFUSED = {
    TransferRefusal.NO_KEY: N_(
        "You do not hold the whole case, so you cannot take it back: ask the other shelter to call the move off."
    ),
    TransferRefusal.MOVED_AT_ONCE: N_(
        "The keys do not go back to the other shelter: they moved because of why the person moves, or the hand-over "
        "that says why can be read by nobody any more. Call the move off, or record the arrival."
    ),
}
FIELD_LABELS = {
    "needs": N_("What does the person need now?"),
    "risk": N_("What danger is the person in, and from whom?"),
    "children": N_("Children with the person, or somewhere else"),
    "wishes": N_("What does the person want?"),
}
_LONG = PlainText(LONGEST)


def _needed(message: str) -> list[Any]:
    return [DataRequired(message), _LONG]


class HandOverFields(OnceForm):
    """The hand-over that a shelter writes now for the one that it asks."""

    why = RadioField(
        N_("Why does the person move?"),
        description=N_("Why the person leaves your shelter. It goes to the shelter that you ask, with the hand-over."),
        choices=[
            SelectChoice(
                value=str(code),
                label=label,
                render_kw={"hint": N_("You lose the case as soon as the other shelter accepts")}
                if code.keys_move_at_once
                else None,
            )
            for code, label in MOVE_REASON_LABELS.items()
        ],
        validators=[Offered(N_("Choose why the person moves"))],
        validate_choice=False,
    )
    needs = TextAreaField(FIELD_LABELS["needs"], validators=_needed(N_("Enter what the person needs now")))
    doctor = RadioField(
        N_("Is the person hurt or ill now, or does the person need a doctor?"),
        choices=[SelectChoice(value="yes", label=N_("Yes")), SelectChoice(value="no", label=N_("No"))],
        validators=[Offered(N_("Choose whether a doctor is needed"))],
        validate_choice=False,
    )
    risk = TextAreaField(
        FIELD_LABELS["risk"], validators=_needed(N_("Enter what danger the person is in, or that you know of none"))
    )
    children = TextAreaField(FIELD_LABELS["children"], validators=[Optional(), _LONG])
    wishes = TextAreaField(FIELD_LABELS["wishes"], validators=[Optional(), _LONG])

    def text(self, name: str) -> str:
        """What was typed in one of the boxes, with the ends of lines as they are kept."""
        return (self[name].data or "").replace("\r\n", "\n").strip()

    def hand_over(self, words: str) -> HandOver:
        """What was typed, of a form that is valid."""
        return HandOver(
            reason=MoveReason(self.why.data),
            doctor=self.doctor.data == "yes",
            words=words,
            **{name: self.text(name) for name in FIELD_LABELS},
        )


class MovePersonForm(PlaceReferralForm, HandOverFields):
    """Whom a shelter asks to take over somebody who lives with it, and what it writes for that shelter."""

    children_seen = children_seen()


class CallOffForm(OnceForm):
    """Why the person does not move after all."""

    reason = RadioField(
        N_("Why does the person not move?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in CALL_OFF_LABELS.items()],
        validators=[Offered(N_("Choose why the person does not move"))],
        validate_choice=False,
    )
    more = TextAreaField(N_("What else should be known?"), validators=[Optional(), _LONG])


class MeetingForm(OnceForm):
    """Where and when the person is met."""

    text = TextAreaField(
        N_("Where and when do you meet the person?"),
        description=N_("Only the other shelter reads it. Do not write where the person will live."),
        validators=_needed(N_("Enter where and when you meet the person")),
    )
