"""What people type about places and stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from forms import SelectChoice
from forms.days import DayField, planned_end, today_or
from forms.names import country_code
from forms.shelter.cases import CARE_FIELDS, IF_MISSING
from forms.shelter.corrections import why
from forms.shelter.missing_told import official
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.hours import is_hour
from nrm.domain.shelter.absences import AbsenceRefusal, Feared
from nrm.domain.shelter.permits import GateRefusal
from nrm.domain.shelter.planned_ends import CHANGES
from nrm.domain.shelter.planned_ends import PlanWhy as Plan
from nrm.domain.shelter.stays import HOME, UNKNOWN_COUNTRY, StayRefusal
from nrm.domain.words import N_

IMPOSSIBLE = {
    StayRefusal.ADMISSION_IN_FUTURE: N_("Enter a day that is not in the future"),
    StayRefusal.ADMISSION_BEFORE_CASE: N_("Enter a day that is not before the case was opened"),
    StayRefusal.EXIT_BEFORE_ADMISSION: N_("Enter a day that is not before the admission"),
    StayRefusal.EXIT_IN_FUTURE: N_("Enter a day that is not in the future"),
    StayRefusal.ANTICIPATED_BEFORE_ADMISSION: N_("Enter a planned end that is not before the admission"),
    StayRefusal.ANTICIPATED_TOO_LATE: N_("Enter a planned end within three years"),
    StayRefusal.DESTINATION: N_("Choose where the person went so that it fits the reason"),
    StayRefusal.COUNTRY: N_("Say in which country that is: whether the person may leave for there depends on it"),
    StayRefusal.MISSING: N_("Record from the case that the person is missing: that is an alarm, and no end of a stay"),
    StayRefusal.LEFT_ALONE: N_("Two members record that somebody left on their own; there is a page for it"),
    StayRefusal.DIED: N_("Two members record a death; there is a page for it"),
    StayRefusal.TAKEN_BACK: N_("Take back the arrival: there is a page for it"),
    StayRefusal.MISSING_STANDS: N_(
        "This person is missing: record first that the person was found. Was the alarm a mistake? Say so on the page "
        "of the stay"
    ),
    StayRefusal.AWAY_STANDS: N_(
        "This person is away and did not come back on the day: record first that the person is back, or is missing. "
        "Did an adult leave on their own, or did the person die? Two members record it"
    ),
    StayRefusal.MOVE_STANDS: N_(
        "Another shelter has accepted this person: record on the page of the move that they have left, or call it off"
    ),
    StayRefusal.OVERLAPS_LATER: N_("Enter an earlier day: on this one the person was in another stay"),
    StayRefusal.PLACE_TAKEN_LATER: N_(
        "Enter an earlier day: somebody else had this place by then. If the person stayed, say that they are still here"
    ),
    StayRefusal.OVERLAPS: N_("Enter a later day: until then the person was in a shelter"),
    StayRefusal.PLACE_TAKEN: N_("Choose another place: somebody has this one now, or had it on that day"),
    StayRefusal.PLACE_KEPT: N_("Choose another place or an earlier planned end: this one is kept for somebody else"),
    StayRefusal.PLACE_OUT_OF_USE: N_(
        "Choose another place or an earlier planned end: this one is out of service in these days"
    ),
    StayRefusal.PLACE_NOT_THERE: N_(
        "Choose another place or an earlier planned end: this one is not there in all of these days"
    ),
    StayRefusal.NOT_WITH_MOTHER: N_("Choose a place: only a child under three sleeps with its mother, who is here"),
    StayRefusal.NOT_ARRIVED: N_("Record first that the person arrived"),
    StayRefusal.ALREADY_THERE: N_(
        "The person is in a shelter already. If it is yours, open the case: then nothing more is to be done"
    ),
}
FIELD_OF = {
    StayRefusal.ADMISSION_IN_FUTURE: "admitted",
    StayRefusal.ADMISSION_BEFORE_CASE: "admitted",
    StayRefusal.OVERLAPS: "admitted",
    StayRefusal.ANTICIPATED_BEFORE_ADMISSION: "planned",
    StayRefusal.ANTICIPATED_TOO_LATE: "planned",
    StayRefusal.EXIT_BEFORE_ADMISSION: "ended",
    StayRefusal.EXIT_IN_FUTURE: "ended",
    StayRefusal.DESTINATION: "destination",
    StayRefusal.OVERLAPS_LATER: "ended",
    StayRefusal.PLACE_TAKEN_LATER: "ended",
    StayRefusal.COUNTRY: "country",
    StayRefusal.MISSING: "reason",
    StayRefusal.LEFT_ALONE: "reason",
    StayRefusal.DIED: "reason",
    StayRefusal.TAKEN_BACK: "reason",
    StayRefusal.MISSING_STANDS: "reason",
    StayRefusal.AWAY_STANDS: "reason",
    StayRefusal.MOVE_STANDS: "destination",
}
"""Error -> the field it stands at; all others stand at the place."""

CLOSED = {
    GateRefusal.NOT_INFORMED: N_(
        "Record first that the person was told about the residence permit: until then nobody leaves for "
        "another country but a recorded citizen of this one"
    ),
    GateRefusal.UNTOLD: N_(
        "Record first that the person was told about the residence permit: until then one member alone ends the stay "
        "of nobody but a recorded citizen. Hand the person on to another shelter, or, if an adult left on their own, "
        "two members record it"
    ),
    GateRefusal.REFLECTS: N_(
        "The reflection period still runs: until its last day one member alone does not say that the person needs or "
        "wants no support. Hand the person on to another shelter, or, if an adult left on their own, two members "
        "record it"
    ),
    GateRefusal.APPLICATION_OPEN: N_("Wait for the decision: an application or appeal for a residence permit is open"),
    GateRefusal.APPEAL_PERIOD: N_(
        "Wait until the period is over in which the person can appeal against the refusal of the residence permit"
    ),
    GateRefusal.REFLECTION: N_(
        "The reflection period still runs: until its last day nobody leaves for another country. The case says which"
    ),
    GateRefusal.ASSESSMENTS_MISSING: N_(
        "A child, or who may be one, leaves only after the child protection service found a household safe in all "
        "three: risk, security and family; until then the child stays, or is handed on to another shelter"
    ),
    GateRefusal.AT_CROSSING_POINT: N_(
        "A child, or who may be one, leaves only after the child protection service found a household safe in all "
        "three: risk, security and family; until then the child stays, or is handed on to another shelter"
    ),
    GateRefusal.ASSESSED_NOT_SAFE: N_(
        "The child protection service found that it is not safe. Until it finds all three safe anew the child stays, "
        "or is handed on to another shelter"
    ),
    GateRefusal.ASSESSED_TOO_OLD: N_(
        "The findings are too old to let the child go: the child protection service assesses anew"
    ),
    GateRefusal.OTHER_HOUSEHOLD: N_(
        "Choose the household of the best-interest decision: the child goes to no other one before it is assessed and "
        "decided"
    ),
    GateRefusal.WHEREABOUTS: N_(
        "Nobody knows where this child is, so the stay does not end: record that the child is missing. The "
        "best-interest decision lets it go to its household and to no other place"
    ),
    GateRefusal.NO_HOUSEHOLD: N_(
        "A hospital is no household: the stay goes on. Record that the child is away and expected back"
    ),
    GateRefusal.NOT_AS_DECIDED: N_(
        "Choose as what the child goes to the household of the best-interest decision: back to the family (with the "
        "mother or father, too), to relatives or foster parents, home to another country, or to an institution. If the "
        "child went away by itself, or nobody took it over, record that it is missing"
    ),
    GateRefusal.ASSESSED_LATER: N_("Enter a day that is not before the day of the best-interest decision"),
    GateRefusal.SECOND_LOOK_MISSING: N_(
        "All three are found safe. Now a member of another organisation than the one that assessed looks a second time"
    ),
    GateRefusal.NOT_DECIDED: N_(
        "The best-interest decision is missing, or something was found after it: the Responsible Authority decides"
    ),
    GateRefusal.DECIDED_TO_STAY: N_("It was decided that the child stays; until another decision nothing opens"),
    GateRefusal.CHILD_ALONE: N_(
        "A child, or who may be one, does not leave on their own: record that the child is missing"
    ),
    GateRefusal.NOT_HANDED_OVER: N_(
        "Hand the child on from the case: once another shelter has accepted, this stay ends when the child sets out"
    ),
}


class AdmitStayForm(OnceForm):
    """A place, since when, until when it is planned, and what an adult answers for the case that she does not come
    back one day, which is sealed with her care."""

    bed = SelectField(N_("Place"), validators=[OneOf(N_("Choose a free place"))], validate_choice=False)
    admitted = today_or(N_("Admitted"))
    admitted_day = DayField(N_("Day of admission"), when=("admitted", "other"))
    planned = planned_end(N_("Planned end of the stay"))
    planned_day = DayField(N_("Day of the planned end"), when=("planned", "other"))
    missing_after = StringField(CARE_FIELDS["missing_after"], validators=[PlainText(200)])
    missing_tell = StringField(CARE_FIELDS["missing_tell"], validators=[PlainText(500)])
    missing_say = StringField(CARE_FIELDS["missing_say"], validators=[PlainText(500)])

    @property
    def if_missing(self) -> dict[str, str]:
        """What an adult answered for the case that she does not come back one day; sealed with her care."""
        return {name: (self[name].data or "").strip() for name in IF_MISSING}


class AdmitAgainForm(AdmitStayForm):
    """Of somebody with whom the house stays in touch after the shelter: a stay ends that for good."""

    lives_here = BooleanField(
        N_("I have compared the code: it is this person, and the person lives here now"),
        validators=[
            InputRequired(N_("Compare the code with the person’s own, and tick the box; else nothing is done"))
        ],
    )


PLAN_LABELS = {
    Plan.ADMISSION: N_("At admission"),
    Plan.NEEDS_MORE_TIME: N_("The person needs more time"),
    Plan.NOWHERE_SAFE_YET: N_("There is nowhere safe to go yet"),
    Plan.WAITS_FOR_AUTHORITY: N_("The person waits for an authority or a court"),
    Plan.READY_EARLIER: N_("The person is ready earlier"),
    Plan.HER_WISH: N_("The person wishes it"),
    Plan.MISTYPED: N_("It was typed wrongly"),
    Plan.OTHER: N_("Another reason"),
}


class ChangeStayForm(OnceForm):
    """Another place, another planned end, and why that changed. `seen`: how both stood on the page that was sent."""

    seen = HiddenField()
    bed = SelectField(N_("Place"), validators=[OneOf(N_("Choose a free place"))], validate_choice=False)
    planned = DayField(N_("Planned end of the stay"))
    plan_why = SelectField(
        N_("Why the planned end changes"),
        choices=[
            SelectChoice(value="", label=N_("It does not change")),
            *(SelectChoice(value=str(each), label=PLAN_LABELS[each]) for each in CHANGES),
        ],
        validate_choice=False,
    )


AS_TOLD = N_("Enter the hour as it was told, for example 3:10")


class ArrivalForm(AdmitStayForm):
    """One page for an arrival: an admission, and the hour as told, which is sealed with her care."""

    hour = StringField(
        N_("Hour of arrival, as told"),
        description=N_("For example 3:10. Sealed with the care of the person. Leave it empty if nobody knows it."),
        validators=[PlainText(10, AS_TOLD)],
    )
    seen = HiddenField()
    """Which taking back of an arrival the page knew, if any."""
    stood = HiddenField()
    """How the referral stood on the page that was sent (`ReferralStatus`)."""
    is_here = BooleanField(N_("Yes, it is this person who stands before me"))
    """Shown and asked for once, where the post has not said that they left, or said so a moment ago."""
    sooner = BooleanField(N_("The hour is right: it was recorded later"))
    """Shown and asked for once, where the hour is before the sending or the recorded departure."""

    def validate_hour(self, field: StringField) -> None:
        """Empty, or an hour of the day."""
        field.data = (field.data or "").strip()
        if field.data and not is_hour(field.data):
            raise ValidationError(AS_TOLD)

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Without a place nothing is planned yet, and who chooses no day means today."""
        valid = bool(super().validate(extra_validators))
        if self.has_place or valid:
            return valid
        for name in ("planned", "planned_day", *(() if self.admitted.data else ("admitted",))):
            self[name].errors = []
        return not any(field.errors for field in self)

    @property
    def has_place(self) -> bool:
        """Whether a place was chosen; she may have arrived without one."""
        return bool(self.bed.data != NO_PLACE)


NO_PLACE = "none-yet"
ABROAD = "abroad"
ASK_UNIT = N_("A permit was struck or withdrawn in these days: call the permit unit, then tick that you did")
NAME_IT = N_("Enter the name of the country, for example Italy")


def where_to() -> RadioField:
    """In which country a destination is; the choices are filled in with the name of the home country."""
    return RadioField(
        N_("In which country is that?"),
        description=N_("Family, friends, a home: ask it of every place."),
        validate_choice=False,
    )


class WhereForm(OnceForm):
    """A destination and its country."""

    destination = SelectField(
        N_("Where the person went"),
        validators=[Offered(N_("Choose where the person went"))],
        validate_choice=False,
    )
    country = where_to()
    country_name = StringField(N_("Which country?"), validators=[PlainText(120)])

    def offer_countries(self, home: str) -> None:
        """`home`: the name of the home country in the reader's language."""
        self.country.choices = [
            SelectChoice(value=HOME, label=N_("In %(country)s", country=home)),
            SelectChoice(value=ABROAD, label=N_("In another country")),
            SelectChoice(value=UNKNOWN_COUNTRY, label=N_("Not known")),
        ]

    def where(self, home: str) -> str:
        """What a valid form says: `home`, ISO 3166 alpha-2, `unknown`, or empty where nothing was said."""
        if self.country.data != ABROAD:
            return self.country.data if self.country.data in (HOME, UNKNOWN_COUNTRY) else ""
        code = country_code((self.country_name.data or "")[:120]) or ""
        return HOME if code == home else code


class EndReasonForm(OnceForm):
    """First step of an end: when, and why."""

    ended = today_or(N_("Left"))
    ended_day = DayField(N_("Day of leaving"), when=("ended", "other"))
    reason = RadioField(N_("Reason"), validators=[Offered(N_("Choose why the stay ends"))], validate_choice=False)


class CorrectEndForm(EndReasonForm):
    """As the first step of an end, and why the end that stands there was wrong."""

    why = why()


CHILDREN_FIRST = N_("Look whether a child of this person stays here, and tick the box; else nothing is done")


def children_seen() -> BooleanField:
    """Shown and asked for where children who came along with a parent live in the house (ADR 0279)."""
    return BooleanField(
        N_(
            "I have looked: no child of this person stays behind, or I end its stay too, or it stays with a place and "
            "a key worker"
        )
    )


class EndWhereForm(WhereForm):
    """Second step of an end: where to, of what fits the reason, and in which country."""

    household = RadioField(N_("To which household does the child go?"), choices=(), validate_choice=False)
    asked = BooleanField(N_("I called the permit unit: the person holds no permit any more, and knows it"))
    """Shown and asked for where a permit was struck or withdrawn in the last days, and the person leaves for another
    country (ADR 0263)."""
    children_seen = children_seen()


class LeftAloneForm(WhereForm):
    """When an adult left on her own, and where to if that is known."""

    left = today_or(N_("Left"))
    left_day = DayField(N_("Day of leaving"), when=("left", "other"))
    children_seen = children_seen()


class DiedForm(OnceForm):
    """When somebody died."""

    died = today_or(N_("Day of death"))
    died_day = DayField(N_("Which day was it?"), when=("died", "other"))
    children_seen = children_seen()


AGO = {
    "1": N_("An hour ago"),
    "3": N_("3 hours ago"),
    "6": N_("6 hours ago"),
    "12": N_("12 hours ago"),
    "24": N_("A day ago"),
    "other": N_("Another day"),
}
FEARED_LABELS = {
    Feared.YES: N_("Yes: somebody may have taken or found the person"),
    Feared.NO: N_("No"),
    Feared.NOT_KNOWN: N_("Not known"),
}


class MissingForm(OnceForm):
    """Since when somebody is missing, and whether the worst is feared."""

    since = RadioField(
        N_("When was the person seen last?"),
        choices=[SelectChoice(value=hours, label=words) for hours, words in AGO.items()],
        validators=[Offered(N_("Choose when the person was seen last"))],
        validate_choice=False,
    )
    since_day = DayField(N_("Day"), when=("since", "other"))
    feared = RadioField(
        N_("Is it feared that somebody has a hand in it?"),
        choices=[SelectChoice(value=str(each), label=words) for each, words in FEARED_LABELS.items()],
        validators=[Offered(N_("Say whether it is feared"))],
        validate_choice=False,
    )


class MissingChildForm(MissingForm):
    """As of an adult, and what is given with the alarm by the clause: sealed to the child authority and the police."""

    official = official()
    name = StringField(N_("Name"), validators=[PlainText(200)])
    description = TextAreaField(
        N_("What the child looks like and wears"),
        description=N_("Name and description go with the alarm, under seal, to the child authority and the police."),
        validators=[PlainText(600)],
    )

    @property
    def given(self) -> dict[str, str]:
        """What was filled in."""
        return {name: (self[name].data or "").strip() for name in ("name", "description")}


ABSENCE_REFUSED = {
    AbsenceRefusal.SINCE: N_("Enter a time of the last month, not before the admission"),
    AbsenceRefusal.ALREADY: N_("This is recorded already."),
    AbsenceRefusal.OVER: N_("This is over already."),
    AbsenceRefusal.BACK_SINCE: N_(
        "This is not struck: somebody recorded since then that the person is back. Was the alarm a mistake all the "
        "same? Then open the page again."
    ),
    AbsenceRefusal.TOO_EARLY: N_("It is too early to end the alarm. Until then the person is looked for."),
    AbsenceRefusal.AUTHORITY: N_(
        "The child authority has not said yet that it knows. Call the duty desk; the alarm stands until then."
    ),
    AbsenceRefusal.CHANGED: N_(
        "This is not confirmed: the log says that somebody else recorded it, so it was changed in the database by "
        "another hand. Call the duty desk. Take the record back; then whoever knows it records it again."
    ),
    AbsenceRefusal.PLACE_KEPT: N_("The place is still kept for the missing person. The page says until when."),
    AbsenceRefusal.NO_PLACE: N_("This person has no place now: it was given up already."),
    AbsenceRefusal.NO_GROUND: N_(
        "The police may not be told: the person did not agree, and two members have not said that life is in danger."
    ),
    AbsenceRefusal.NOTHING_GIVEN: N_("Tick what you give, and fill it in."),
    AbsenceRefusal.NO_DESK: N_("Nobody at that desk can open it yet. Call the number."),
    AbsenceRefusal.NO_ANSWER: N_(
        "Nothing here shows that the person agreed: open the care part, where the answer stands. Is there none? Then "
        "the police are told only if life is in danger, and two members say so."
    ),
    AbsenceRefusal.GROUND_STANDS: N_("Why they may be told is recorded already."),
    AbsenceRefusal.TOLD: N_("They were told on this ground: first correct what they were told."),
    AbsenceRefusal.MISTAKE_LATE: N_(
        "The alarm was raised more than seven days ago, so it cannot be struck as a mistake. If the person is there, "
        "record that the person is back."
    ),
    AbsenceRefusal.NO_HAND: N_(
        "You do not confirm this: you came within the last 14 days, or one of you alone let the other in here, and "
        "that is one hand. Ask another colleague of your shelter. Is there nobody? It waits until both of you have "
        "been here for 14 days; then whoever let the other one in confirms what that one recorded. The duty desk has "
        "been told."
    ),
    AbsenceRefusal.SAME_MEMBER: N_("Somebody else of your shelter must confirm it: whoever recorded it cannot."),
}
