"""What people type about beds and stays."""

from __future__ import annotations

from wtforms import RadioField, SelectField

from forms.days import DayField, planned_end, today_or
from forms.typed import Offered, OnceForm
from nrm.domain.words import N_

IMPOSSIBLE = {
    "admission_in_future": N_("Enter a day that is not in the future"),
    "admission_before_case": N_("Enter a day that is not before the case was opened"),
    "exit_before_admission": N_("Enter a day that is not before the admission"),
    "exit_in_future": N_("Enter a day that is not in the future"),
    "anticipated_before_admission": N_("Enter a planned end that is not before the admission"),
    "anticipated_too_late": N_("Enter a planned end within three years"),
    "destination": N_("Choose where the person went so that it fits the reason"),
    "overlaps": N_("Enter a later day: until then the person was in a shelter"),
    "bed_taken": N_("Choose another bed: somebody has this one now, or had it on that day"),
    "bed_out_of_use": N_("Choose another bed: this one is out of use"),
    "not_arrived": N_("Record first that the person arrived"),
    "already_there": N_("The person is in a shelter already; that stay must end first"),
}
FIELD_OF = {
    "admission_in_future": "admitted",
    "admission_before_case": "admitted",
    "overlaps": "admitted",
    "anticipated_before_admission": "planned",
    "anticipated_too_late": "planned",
    "exit_before_admission": "ended",
    "exit_in_future": "ended",
    "destination": "destination",
}
"""Error -> the field it stands at; all others stand at the bed."""

CLOSED = {
    "not_informed": N_(
        "Record first that the person was told about the residence permit: until then nobody who is not recorded as "
        "Albanian leaves for another country"
    ),
    "application_open": N_("Wait for the decision: an application or appeal for a residence permit is open"),
    "reflection": N_(
        "The reflection period still runs: until its last day nobody leaves for another country. The case says which"
    ),
    "assessments_missing": N_(
        "A child, or who may be one, leaves only after the child protection service found risk, security and family "
        "safe; until then the child stays, or is handed on to another shelter"
    ),
    "assessed_not_safe": N_(
        "The child protection service found that it is not safe. Until it finds all three safe anew the child stays, "
        "or is handed on to another shelter"
    ),
    "assessed_later": N_("Enter a day that is not before the day from which all three are found safe"),
    "not_handed_over": N_(
        "Hand the child on from the case: once another shelter has accepted, this stay ends when the child sets out"
    ),
}


class AdmitStayForm(OnceForm):
    """A bed, since when, and until when it is planned."""

    bed = SelectField(N_("Bed"), validators=[Offered(N_("Choose a free bed"))], validate_choice=False)
    admitted = today_or(N_("Admitted"))
    admitted_day = DayField(N_("Day of admission"), when=("admitted", "other"))
    planned = planned_end(N_("Planned end of the stay"))
    planned_day = DayField(N_("Day of the planned end"), when=("planned", "other"))


class ChangeStayForm(OnceForm):
    """Another bed, another planned end."""

    bed = SelectField(N_("Bed"), validators=[Offered(N_("Choose a free bed"))], validate_choice=False)
    planned = DayField(N_("Planned end of the stay"))


class EndStayForm(OnceForm):
    """When, why, and where to."""

    ended = today_or(N_("Left"))
    ended_day = DayField(N_("Day of leaving"), when=("ended", "other"))
    reason = RadioField(N_("Reason"), validators=[Offered(N_("Choose why the stay ends"))], validate_choice=False)
    destination = SelectField(
        N_("Where the person went"),
        description=N_("Leave it as it is where the reason says it."),
        validators=[Offered(N_("Choose where the person went"))],
        validate_choice=False,
    )
