"""What a consulate, the help line or the Responsible Authority types about a return before it happens."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import Any, cast

from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms import ValidationError as Wrong
from wtforms.validators import InputRequired, Optional

from forms import SelectChoice
from forms.days import DayField
from forms.names import country_code
from forms.shelter.cases import PURPOSE_LABELS
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.referrals.announced_returns import (
    LONGEST_TEXT,
    MOST_COMPANIONS,
    AnnouncedReturnRefusal,
    AnnouncedReturnStatus,
    BackReason,
    Origin,
    due_from,
    late_from,
)
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_, Moment, Phrase

ORIGIN_LABELS = {
    Origin.CONSULATE: N_("Our embassy or consulate"),
    Origin.FOREIGN_AUTHORITY: N_("An authority of the other country"),
    Origin.FOREIGN_NGO: N_("An organisation of the other country"),
    Origin.INTERNATIONAL_ORGANISATION: N_("An international organisation"),
    Origin.HELPLINE: N_("A call to the help line"),
}
STATUS_LABELS = {
    AnnouncedReturnStatus.ANNOUNCED: N_("not yet"),
    AnnouncedReturnStatus.ARRIVED: N_("the crossing point says so"),
    AnnouncedReturnStatus.NOT_COME: N_("no"),
    AnnouncedReturnStatus.CANCELLED: N_("cancelled"),
}
AGE_LABELS = {"yes": N_("under 18"), "no": N_("adult"), "unknown": N_("age not sure")}
BACK_REASON_LABELS = {
    BackReason.MISTAKE: N_("Entered by mistake, or twice"),
    BackReason.NOT_RETURNING: N_("The person does not return now"),
    BackReason.ELSEWHERE: N_("The person returns on another day, or elsewhere"),
}
IDENTITY_FIELDS = {
    "name": N_("Name and surname"),
    "birth": N_("Born"),
    "document": N_("Document"),
    "note": N_("What else the post must know"),
}
IMPOSSIBLE = {
    AnnouncedReturnRefusal.STATE: ("", N_("This return is over: the person arrived, or the notice was taken back.")),
    AnnouncedReturnRefusal.EARLY: ("", N_("The hour for which this return is announced is not over yet")),
    AnnouncedReturnRefusal.REASON: ("why", N_("Choose why it is taken back")),
    AnnouncedReturnRefusal.OWN: (
        "",
        N_("You took it back yourself: a colleague of the duty desk says that it was seen."),
    ),
    AnnouncedReturnRefusal.SAID: (
        "",
        N_(
            "It was said that the person arrived. Call the duty desk: once it has seen that, it can be said that the "
            "person did not come."
        ),
    ),
    AnnouncedReturnRefusal.PAST: ("day", N_("Enter a day that is not over yet")),
    AnnouncedReturnRefusal.TOO_FAR: ("day", N_("Enter a day within the next half year")),
    AnnouncedReturnRefusal.ORIGIN: ("origin", N_("Choose who announces the return")),
    AnnouncedReturnRefusal.POST: ("post", N_("Choose another crossing point: nobody works at this one yet")),
    AnnouncedReturnRefusal.COUNTRY: ("country", N_("Enter the name of the country, for example Italy")),
    AnnouncedReturnRefusal.HOME: (
        "country",
        N_("Enter the country from which the person returns: this is the one to which they return"),
    ),
    AnnouncedReturnRefusal.NAME: ("name", N_("Enter the name, as in the document")),
    AnnouncedReturnRefusal.NEED: ("needs", N_("Choose needs from the list")),
    AnnouncedReturnRefusal.COMPANIONS: (
        "companions",
        N_("Enter how many, as a number up to %(most)s", most=MOST_COMPANIONS),
    ),
    AnnouncedReturnRefusal.HOUR: ("hour", N_("Choose an hour, or “not known”")),
}
"""Why a notice is refused -> the field it stands at, and what to do."""
PASSED = N_("%(passed)s has passed. Is that right? Then tick it, or correct the day or the hour", passed="")
ALIKE = N_(
    "This looks like the one that %(name)s announced on %(moment)s. Is it another person? Then tick it; if it is the "
    "same one, go back: the person is announced already",
    name="",
    moment="",
)
PURPOSES = (Purpose.ADMISSION, Purpose.CHILD_PROTECTION, Purpose.SAFETY, Purpose.FAMILY_CONTACT)
UNKNOWN_HOUR = ""


class AnnounceReturnForm(OnceForm):
    """Where, when and with whom; and who it is, which is sealed. `again`: the id of the notice that was taken back,
    where the same person is announced for another day."""

    id = HiddenField()
    again = HiddenField()
    origin = RadioField(
        N_("Who announces the return?"),
        validators=[Offered(IMPOSSIBLE[AnnouncedReturnRefusal.ORIGIN][1])],
        validate_choice=False,
    )
    country = StringField(N_("Which country does the person return from?"), validators=[PlainText(120)])
    post = SelectField(
        N_("Crossing point"), validators=[Offered(N_("Choose the crossing point"))], validate_choice=False
    )
    day = DayField(N_("Day of the return"))
    hour = SelectField(
        N_("Hour"),
        choices=[
            SelectChoice(value=UNKNOWN_HOUR, label=N_("not known")),
            *(SelectChoice(value=str(hour), label=f"{hour:02}:00") for hour in range(24)),
        ],
        validators=[Offered(IMPOSSIBLE[AnnouncedReturnRefusal.HOUR][1])],
        validate_choice=False,
    )
    hour_right = BooleanField(N_("Yes, the day and the hour are right"))
    asked_hour = HiddenField()  # the day and hour about which `hour_right` was asked
    is_another = BooleanField(N_("Yes, it is another person"))
    asked_alike = HiddenField()  # the notice about which `is_another` was asked
    child = RadioField(
        N_("Is the person under 18?"),
        choices=[
            SelectChoice(value="yes", label=N_("Under 18")),
            SelectChoice(value="no", label=N_("18 or older")),
            SelectChoice(value="unknown", label=N_("Not sure")),
        ],
        validators=[Offered(N_("Choose whether the person is under 18"))],
        validate_choice=False,
    )
    companions = StringField(N_("How many come along?"), description=N_("Leave it empty if the person comes alone."))
    needs = SelectMultipleField(N_("What the person needs"), validate_choice=False)
    name = StringField(
        IDENTITY_FIELDS["name"], validators=[InputRequired(IMPOSSIBLE[AnnouncedReturnRefusal.NAME][1]), PlainText(120)]
    )
    birth = StringField(IDENTITY_FIELDS["birth"], validators=[Optional(), PlainText(40)])
    document = StringField(IDENTITY_FIELDS["document"], validators=[Optional(), PlainText(120)])
    note = TextAreaField(IDENTITY_FIELDS["note"], validators=[Optional(), PlainText(LONGEST_TEXT)])

    def validate_country(self, field: StringField) -> None:
        """A country by its name."""
        if country_code((field.data or "")[:120]) is None:
            raise Wrong(IMPOSSIBLE[AnnouncedReturnRefusal.COUNTRY][1])

    def validate_companions(self, field: StringField) -> None:
        """Empty or a small number."""
        typed = (field.data or "").strip()
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 4 and int(typed) <= MOST_COMPANIONS):
            raise Wrong(IMPOSSIBLE[AnnouncedReturnRefusal.COMPANIONS][1])

    def validate_needs(self, field: SelectMultipleField) -> None:
        """Codes of the list."""
        if not set(field.data or ()) <= {cast(Any, choice).value for choice in field.iter_choices()}:
            raise Wrong(IMPOSSIBLE[AnnouncedReturnRefusal.NEED][1])

    def comes_in_time(self, today: date, now: datetime, zone: tzinfo | None) -> bool:
        """Whether the hour of a valid form is meant as it stands: of one of `today` that has passed, so that the person
        would be late at once, it is asked once (ADR 0257)."""
        day, hour = self.day.data, self.hour.data
        if day != today or not hour:
            return True
        meant = f"{day.isoformat()}-{int(hour):02}-00"
        sure = bool(self.hour_right.data) and self.asked_hour.data == meant
        if sure or now < late_from(day, int(hour), zone):
            return True
        at = Moment.of(due_from(day, int(hour), zone))
        self.hour_right.errors = [Phrase(PASSED.message, {"passed": at})]
        self.asked_hour.data, self.hour_right.data = meant, False
        return False

    def is_meant(self, other: str, *, name: str, at: datetime) -> bool:
        """Whether it was said that this is another person than whom `name` announced, under the id `other`, at that
        moment; asked once."""
        if self.is_another.data and self.asked_alike.data == other:
            return True
        self.is_another.errors = [Phrase(ALIKE.message, {"name": name, "moment": Moment.of(at)})]
        self.asked_alike.data, self.is_another.data = other, False
        return False

    @property
    def identity(self) -> dict[str, str]:
        """Who it is, of a valid form; what was left empty is left out."""
        typed = {name: (self[name].data or "").replace("\r\n", "\n").strip() for name in IDENTITY_FIELDS}
        return {name: text for name, text in typed.items() if text}


class TakeBackForm(OnceForm):
    """Why a return is taken back before the eyes of the duty desk."""

    why = RadioField(
        N_("Why do you take it back?"),
        choices=[SelectChoice(value=str(each), label=BACK_REASON_LABELS[each]) for each in BackReason],
        validators=[Offered(IMPOSSIBLE[AnnouncedReturnRefusal.REASON][1])],
        validate_choice=False,
    )


class SentOneForm(OnceForm):
    """Which of those who are expected was handed over; the choices are ids of announced returns."""

    notice = RadioField(
        N_("Who was it?"), validators=[Offered(N_("Choose who it was, or go back"))], validate_choice=False
    )


class OpenNoticeForm(OnceForm):
    """Why somebody wants to know who it is."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )
