"""What a person says about an organisation that was not named to them before, asked when it is chosen."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, StringField

from forms import SelectChoice
from forms.typed import OnceForm
from nrm.domain.shelter.consents import ByName
from nrm.domain.words import N_

BY_NAME_LABELS = {
    ByName.YES: N_("Yes, the person said yes to it"),
    ByName.NO: N_("No, the person does not want it: it is not asked"),
    ByName.NOT_ASKED: N_("Not asked: it learns needs and danger only, and asks first"),
}


class ByNameForm(OnceForm):
    """The question, and the organisation that it is about: an answer is valid for this organisation only."""

    by_name = RadioField(
        N_("Did you name it to the person, and did the person say yes?"),
        choices=[SelectChoice(value=str(each), label=label) for each, label in BY_NAME_LABELS.items()],
        validate_choice=False,
    )
    by_name_of = StringField("")

    asks: bool = False
    """Whether the page shows the question."""

    def answered(self, chosen: Any) -> ByName | None:
        """What the person said of the one that is chosen; None: it was not asked about yet. Shows the question then."""
        self.asks = True
        if self.by_name_of.data == chosen and self.by_name.data in list(ByName):
            return ByName(self.by_name.data)
        if self.by_name_of.data != chosen:
            self.by_name.data = None
        self.by_name_of.data = chosen
        self.by_name.errors = [N_("Name it to the person, and choose what the person says")]
        return None
