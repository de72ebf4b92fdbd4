"""Where a shelter meets somebody whom a post brings, or that it comes itself; who of the post goes with the person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.hours import is_hour, next_at
from nrm.domain.referrals.crossing_points import (
    Brings,
    Meeting,
    is_destroyed_before,
    is_number_of,
    names_shelter,
    passed_lately,
)
from nrm.domain.telephones import EXAMPLE, is_telephone
from nrm.domain.words import N_, Moment, Phrase

PASSED = N_(
    "%(passed)s has passed. Do you come only on %(next)s? Then tick it, or correct the hour", passed="", next=""
)
TOO_LATE = N_(
    "On %(next)s what you write here is destroyed already: enter an hour before %(until)s, or call the sender",
    next="",
    until="",
)

BRINGS_LABELS = {
    Brings.POST: N_("The post brings the person to a public place"),
    Brings.SHELTER: N_("We come for the person"),
}


class MeetingForm(OnceForm):
    """What the shelter that accepted says of the way."""

    brings = RadioField(
        N_("Who goes with the person?"),
        choices=[SelectChoice(value=str(code), label=label) for code, label in BRINGS_LABELS.items()],
        validators=[Offered(N_("Choose who goes with the person"))],
        validate_choice=False,
    )
    place = TextAreaField(
        N_("Where do you meet?"),
        description=N_("A public place, such as a hospital or a town hall. Never your shelter, office or name."),
        validators=[InputRequired(N_("Enter a public place")), PlainText(500)],
    )
    telephone = StringField(
        N_("Telephone of whoever meets them"),
        description=N_("No number of yours that is in a directory."),
        validators=[PlainText(40)],
    )
    hour = StringField(
        N_("When do you come?"),
        description=N_("For example 22:30. The next such hour counts; the page of the case then shows the day, too."),
        validators=[PlainText(40)],
    )
    is_next = BooleanField(N_("Yes, only then"))
    asked = HiddenField()  # the hour about which `is_next` was asked
    word = StringField(
        N_("Code word"),
        description=N_("Whoever comes says it, and the post hands nobody over without it."),
        validators=[PlainText(40)],
    )

    def fits(self, names: Collection[str], numbers: Collection[str]) -> bool:
        """Whether all is there that this way needs, and nothing of it names the shelter: its `names`, its `numbers`."""
        if not self.validate():
            return False
        needed = {
            Brings.POST: {"telephone": N_("Enter a telephone under which the escort reaches you")},
            Brings.SHELTER: {"hour": N_("Enter when you come"), "word": N_("Enter a code word")},
        }
        for name, message in needed[Brings(self.brings.data)].items():
            if not (self[name].data or "").strip():
                self[name].errors = [message]
        hour = (self.hour.data or "").strip()
        if hour and Brings(self.brings.data) is Brings.SHELTER and not is_hour(hour):
            self.hour.errors = [N_("Enter an hour from 0:00 to 23:59, for example 22:30")]
        number = (self.telephone.data or "").strip()
        if number and Brings(self.brings.data) is Brings.POST and not is_telephone(number):
            self.telephone.errors = [N_("Enter a telephone number, for example %(number)s", number=EXAMPLE)]
        if is_number_of(self.telephone.data or "", numbers):
            self.telephone.errors = [N_("This number is in the directory: it would say who you are. Enter another one")]
        for field in (self.place, self.hour, self.word):
            if names_shelter(field.data or "", names):
                field.errors = [N_("This names the shelter. Write it without your name")]
        return not self.errors

    def comes_in_time(self, now: datetime, until: datetime) -> bool:
        """Whether the hour of a form that fits is meant as it is taken, and comes before what was said is destroyed
        (`until`). An hour that has just passed is asked about once: it would be that of the next day (ADR 0252)."""
        comes = self.meeting(now).hour
        if not comes:
            return True
        at, sure = datetime.fromisoformat(comes), bool(self.is_next.data) and self.asked.data == comes
        if is_destroyed_before(comes, until):
            self.hour.errors = [Phrase(TOO_LATE.message, {"next": Moment.of(at), "until": Moment.of(until)})]
        elif (passed := passed_lately(at, now)) is not None and not sure:
            self.is_next.errors = [Phrase(PASSED.message, {"passed": Moment.of(passed), "next": Moment.of(at)})]
            self.asked.data, self.is_next.data = comes, False
        return not self.errors

    def meeting(self, now: datetime) -> Meeting:
        """What was said, of a form that fits; `now` is on the clocks of the country."""
        brings = Brings(self.brings.data)
        wanted = ("place", "telephone") if brings is Brings.POST else ("place", "hour", "word")
        said = {name: (self[name].data or "").replace("\r\n", "\n").strip() for name in wanted}
        if "hour" in said:
            said["hour"] = next_at(said["hour"], now).isoformat()
        return Meeting(brings, **said)


class EscortForm(OnceForm):
    """The colleague of the post who goes with the person, typed."""

    name = StringField(
        N_("Which colleague goes?"),
        description=N_("Type the whole name, or the sign-in name. Only this colleague will see where you meet."),
        validators=[InputRequired(N_("Enter the name of the colleague")), PlainText(120)],
    )
