"""What people type to tell the police, or the prosecution, of a missing person, and why somebody there opens it."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField

from forms import SelectChoice
from forms.shelter.cases import PURPOSE_LABELS
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.shelter.absences import GIVEN, Danger, Ground
from nrm.domain.shelter.cases import Purpose
from nrm.domain.words import N_

GIVEN_LABELS = {
    "name": N_("Name"),
    "born": N_("Year of birth or age"),
    "description": N_("What the person looks like and wears"),
    "seen": N_("Where and when the person was seen last"),
}
DANGER_LABELS = {
    Danger.THREATENED: N_("The person was threatened"),
    Danger.TAKEN: N_("Somebody may have taken the person by force"),
    Danger.ILL: N_("Ill, or without a medicine that the person needs"),
    Danger.SELF_HARM: N_("The person may harm themselves"),
    Danger.SEARCH: N_("Cold, water or mountains: only a search helps"),
}
GROUND_LABELS = {
    Ground.AGREED: N_("The person agreed to it at admission"),
    Ground.DANGER: N_("Life is in danger; a second member of the shelter confirms it"),
    Ground.CHILD: N_("A child, or who may be one"),
}
PURPOSES = (Purpose.SAFETY, Purpose.CHILD_PROTECTION)
_LENGTHS = {"name": 200, "born": 40, "description": 600, "seen": 300}


def official() -> RadioField:
    """Whether the prosecution takes the place of the police."""
    return RadioField(
        N_("Is an official named as involved?"),
        description=N_("Where one is, or nobody knows, the prosecution is told and not the police."),
        choices=[
            SelectChoice(value="no", label=N_("No")),
            SelectChoice(value="yes", label=N_("Yes")),
            SelectChoice(value="unknown", label=N_("Not known")),
        ],
        validators=[Offered(N_("Say whether an official is named as involved"))],
        validate_choice=False,
    )


def _grounds(*grounds: Ground) -> list[SelectChoice]:
    return [SelectChoice(value=str(each), label=GROUND_LABELS[each]) for each in grounds]


class GroundForm(OnceForm):
    """Why they may be told of an adult."""

    ground = RadioField(
        N_("Why may they be told?"),
        choices=_grounds(Ground.AGREED, Ground.DANGER),
        validators=[Offered(N_("Choose why they may be told"))],
        validate_choice=False,
    )
    danger = SelectField(
        N_("What is the danger?"),
        choices=[
            SelectChoice(value="", label=N_("None of these")),
            *(SelectChoice(value=str(each), label=words) for each, words in DANGER_LABELS.items()),
        ],
        validate_choice=False,
    )

    def offer(self, *, agreed: bool) -> GroundForm:
        """`agreed`: what the person answered stands there, and whoever says so reads it."""
        self.ground.choices = _grounds(*([Ground.AGREED] if agreed else []), Ground.DANGER)
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        """Danger is named where it is the reason, and only there."""
        valid = bool(super().validate(extra_validators))
        if self.ground.data == Ground.DANGER and self.danger.data not in [str(each) for each in Danger]:
            self.danger.errors, valid = [N_("Choose what the danger is")], False
        return valid


class CallForm(OnceForm):
    """A call that was made to the number on the page."""

    official = official()
    reached = RadioField(
        N_("Was somebody reached?"),
        choices=[SelectChoice(value="yes", label=N_("Reached")), SelectChoice(value="no", label=N_("Nobody answered"))],
        validators=[Offered(N_("Say whether somebody was reached"))],
        validate_choice=False,
    )


class ShareForm(OnceForm):
    """What is given under seal: only what is ticked."""

    official = official()
    give_name = BooleanField(GIVEN_LABELS["name"])
    give_born = BooleanField(GIVEN_LABELS["born"])
    give_description = BooleanField(GIVEN_LABELS["description"])
    give_seen = BooleanField(GIVEN_LABELS["seen"])
    name = StringField(GIVEN_LABELS["name"], validators=[PlainText(_LENGTHS["name"])])
    born = StringField(GIVEN_LABELS["born"], validators=[PlainText(_LENGTHS["born"])])
    description = TextAreaField(GIVEN_LABELS["description"], validators=[PlainText(_LENGTHS["description"])])
    seen = StringField(GIVEN_LABELS["seen"], validators=[PlainText(_LENGTHS["seen"])])

    def validate(self, extra_validators: Any = None) -> bool:
        """What is ticked is filled in, and something is ticked."""
        valid = bool(super().validate(extra_validators))
        ticked = [name for name in GIVEN if self[f"give_{name}"].data]
        for name in ticked:
            if not (self[name].data or "").strip():
                self[name].errors, valid = [N_("Fill in what you give, or take the tick away")], False
        if not ticked:
            self.give_name.errors, valid = [N_("Tick what you give")], False
        return valid

    @property
    def given(self) -> dict[str, str]:
        """What is ticked, of a valid form."""
        return {name: (self[name].data or "").strip() for name in GIVEN if self[f"give_{name}"].data}


class OpenToldForm(OnceForm):
    """Why somebody opens it."""

    purpose = RadioField(
        N_("Why do you open it?"),
        choices=[SelectChoice(value=str(each), label=PURPOSE_LABELS[each]) for each in PURPOSES],
        validators=[Offered(N_("Choose why you open it"))],
        validate_choice=False,
    )
