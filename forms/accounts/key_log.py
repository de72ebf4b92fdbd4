"""What somebody confirms who signs in the key log what others proposed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wtforms import BooleanField, RadioField, StringField
from wtforms.validators import DataRequired, InputRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm
from nrm.domain.accounts.key_log_entries import No
from nrm.domain.accounts.words import GROUPS
from nrm.domain.words import N_

NO_LABELS = {
    No.MISTAKE: N_("It is a mistake"),
    No.NOT_SO: N_("What it says is not so"),
    No.NOT_CALLED: N_("I could reach nobody whom it concerns, or they know nothing of it"),
    No.OTHER_WAY: N_("It is better done in another way"),
}


class DeclineForm(OnceForm):
    """Why somebody who is asked does not agree."""

    why = RadioField(
        N_("Why not"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in NO_LABELS.items()],
        validators=[Offered(N_("Choose why you do not agree"))],
        validate_choice=False,
    )


class AgreeForm(OnceForm):
    """The confirmation that what is signed was compared with what the people themselves say or signed on paper."""

    compared = BooleanField(
        N_("I compared this with the sheet they signed, or called them back at the number in the agreement"),
        validators=[DataRequired(N_("Compare it first; then tick the box"))],
    )


class AttestForm(AgreeForm):
    """The same, with the words of the accession sheet of each founder; `of` gives the fields the founders' names."""

    first = StringField(
        description=N_("The four words from the sheet they signed, or read to you on a call back."),
        validators=[InputRequired(N_("Type the four words of the sheet"))],
    )
    names: Sequence[str] = ()
    second = StringField(validators=[InputRequired(N_("Type the four words of the sheet"))])

    def of(self, names: Sequence[str]) -> AttestForm:
        """The form for these founders: an office may have one."""
        if len(names) < len(self.words):
            del self.second
        self.names = names
        for field, name in zip(self.words, names, strict=True):
            field.label.text = N_("Words of %(name)s", name=name)
        return self

    @property
    def words(self) -> list[StringField]:
        """The fields of the words."""
        return [field for field in (self.first, getattr(self, "second", None)) if field is not None]

    @property
    def typed(self) -> Sequence[Sequence[str]]:
        """The four words of each founder, as they were typed."""
        return [(field.data or "")[:200].replace("-", " ").split() for field in self.words]

    def mark(self, wrong: Iterable[int]) -> None:
        """Say which founder's words are wrong; numbers of words go on from one founder to the next."""
        for place in {number // GROUPS for number in wrong}:
            self.words[place].errors = [
                N_(
                    "Not the words of %(name)s: look at the sheet again. If they are as on the sheet, do not agree, "
                    "and call the duty desk: somebody has put other keys in their place",
                    name=self.names[place],
                )
            ]
