"""What the officer types of children who are with their own parent: how many, how old, and each condition."""

from __future__ import annotations

import re

from wtforms import RadioField, StringField, ValidationError

from forms import SelectChoice
from forms.typed import OnceForm
from nrm.domain.interviews.family_notices import (
    ALLOWS,
    MOST_CHILDREN,
    OLDEST,
    AgesRefusal,
    AgesRefused,
    Condition,
    ages_of,
    check_ages,
)
from nrm.domain.words import N_

NOT_MET = N_("Then this is no family notice: interview each child")
NUMBER = N_("Enter a number from 1 to %(most)s", most=MOST_CHILDREN)
AGES_WORDS = {
    AgesRefusal.UNREADABLE: N_("Enter each age in whole years, for example: 2, 5, 11"),
    AgesRefusal.GROWN_UP: N_(
        "Enter ages from 0 to %(oldest)s; whoever may be older is asked as everybody is", oldest=OLDEST
    ),
    AgesRefusal.NUMBER: NUMBER,
    AgesRefusal.OTHER_NUMBER: N_("Enter one age for each child"),
}
_DIGITS = re.compile(r"\s*[0-9]{1,2}\s*")


class _Answered:
    """The condition was answered, and as it must be."""

    def __call__(self, _: OnceForm, field: RadioField) -> None:
        """Raise ValidationError with what to do."""
        if field.data not in ("yes", "no"):
            raise ValidationError(N_("Answer yes or no"))
        if field.data != ALLOWS[Condition(field.short_name)]:
            raise ValidationError(NOT_MET)


def _condition(label: str, hint: str = "") -> RadioField:
    choices = [SelectChoice(value="yes", label=N_("Yes")), SelectChoice(value="no", label=N_("No"))]
    return RadioField(label, description=hint, choices=choices, validators=[_Answered()], validate_choice=False)


class FamilyNoticeForm(OnceForm):
    """One notice. Nothing in it is about names."""

    children = StringField(N_("How many children?"))
    ages = StringField(
        N_("How old is each of them, in years?"), description=N_("For example: 2, 5, 11. Under one year: 0.")
    )
    parent = _condition(N_("Is their own parent here, and says to be their parent?"))
    papers = _condition(
        N_("Do the papers of the parent and of each child match?"),
        N_("Looked at by you: photographs, dates of birth, and the parent in the papers of the child."),
    )
    noticed = _condition(
        N_("Did you notice anything about a child or the parent?"),
        N_(
            "For example: a child is afraid, is hurt, answers what was taught to it, or does not know the parent; the "
            "parent knows little of the child, or somebody else speaks."
        ),
    )
    danger = _condition(N_("Is anybody of them in danger?"))
    looked_for = _condition(N_("Is one of them announced to you as a return, missing, or looked for?"))

    @property
    def number(self) -> int:
        """How many children, of a form that is valid."""
        return int(self.children.data or "0")

    @property
    def years(self) -> tuple[int, ...]:
        """Their ages. Raises AgesRefused."""
        return ages_of(self.ages.data or "")

    def validate_children(self, field: StringField) -> None:
        """Raise ValidationError unless it is a number that one notice takes."""
        if not _DIGITS.fullmatch(field.data or "") or not 1 <= self.number <= MOST_CHILDREN:
            raise ValidationError(NUMBER)

    def validate_ages(self, _: StringField) -> None:
        """Raise ValidationError unless they are ages of children, one for each if their number can be read."""
        try:
            check_ages(self.years, len(self.years) or 1 if self.children.errors else self.number)
        except AgesRefused as refused:
            raise ValidationError(AGES_WORDS[refused.reason]) from None

    @property
    def said(self) -> dict[str, str]:
        """The answer to each condition."""
        return {str(each): str(self[each].data or "") for each in Condition}

    @property
    def interview_needed(self) -> bool:
        """Whether a condition was answered so that the children are interviewed."""
        return any(self.said[each] in ("yes", "no") and self.said[each] != ALLOWS[each] for each in Condition)
