"""Finding what was sent by whose it is, the day and the answer."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from wtforms import Form, SelectField

from forms import SelectChoice
from forms.referrals.referrals import STATUS_LABELS
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.words import N_
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals.referrals import Wanted

DAYS = {
    "": N_("Any day"),
    "today": N_("Today"),
    "yesterday": N_("Yesterday"),
    "week": N_("The last seven days"),
}
WHOSE = {"mine": N_("Sent by me"), "post": N_("Sent by all of us")}


class SentFilter(Form):
    """Whose, which day, which answer. It is a GET form: the address can be kept and holds no name."""

    whose = SelectField(N_("Whose"), choices=[SelectChoice(value=code, label=label) for code, label in WHOSE.items()])
    day = SelectField(N_("Day"), choices=[SelectChoice(value=code, label=label) for code, label in DAYS.items()])
    answer = SelectField(
        N_("Answer"),
        choices=[
            SelectChoice(value="", label=N_("Any answer")),
            *(SelectChoice(value=str(code), label=label) for code, label in STATUS_LABELS.items()),
        ],
    )

    def wanted(self) -> Wanted:
        """What is asked for; raises NotVisible for a choice that was not offered."""
        day, answer = self.day.data or "", self.answer.data or ""
        if day not in DAYS or self.whose.data not in WHOSE or answer not in ("", *STATUS_LABELS):
            raise NotVisible
        today = days.today()
        first = {"today": 0, "yesterday": 1, "week": 6}.get(day)
        since = None if first is None else self._midnight(first)
        until = datetime.combine(today, time(), country().timezone) if day == "yesterday" else None
        return Wanted(self.whose.data == "mine", since, until, ReferralStatus(answer) if answer else None)

    @staticmethod
    def _midnight(ago: int) -> datetime:
        return datetime.combine(days.today() - timedelta(days=ago), time(), country().timezone)
