"""What people type about accounts."""

from __future__ import annotations

from wtforms import Field, Form, PasswordField, RadioField, StringField, ValidationError
from wtforms.validators import EqualTo, InputRequired, Length

from forms.typed import Offered, PlainName
from nrm.domain.accounts.person_names import mixes_scripts, says_more
from nrm.domain.words import N_


class NameAlone:
    """A name and nothing else, each word in the letters of one script: no role or organisation beside it."""

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do."""
        if mixes_scripts(field.data or ""):
            raise ValidationError(N_("Enter each word of the name in the letters of one script"))
        if says_more(field.data or ""):
            raise ValidationError(N_("Enter the name alone: no role, no organisation, and no brackets or commas"))


def person_name() -> StringField:
    """The name of a member."""
    return StringField(
        N_("Name"),
        validators=[
            InputRequired(N_("Enter the person's name")),
            Length(max=120, message=N_("Enter a name of at most 120 characters")),
            PlainName(120),
            NameAlone(),
        ],
    )


class JoinAccountForm(Form):
    """The password of a new account, twice; how long it must be depends on the instance, and the page says it."""

    password = PasswordField(
        N_("Choose a password"),
        validators=[InputRequired(N_("Enter a password"))],
    )
    again = PasswordField(
        N_("The same password again"),
        validators=[EqualTo("password", N_("Enter the same password twice"))],
    )


class ChangePasswordForm(Form):
    """The old password, and the new one twice."""

    old = PasswordField(N_("Your password now"), validators=[InputRequired(N_("Enter your present password"))])
    password = PasswordField(
        N_("New password"),
        validators=[InputRequired(N_("Enter a password"))],
    )
    again = PasswordField(
        N_("The new password again"), validators=[EqualTo("password", N_("Enter the same password twice"))]
    )


class RecoverAccountForm(JoinAccountForm):
    """The recovery code, and a new password twice."""

    login = StringField(N_("Sign-in name"), validators=[InputRequired(N_("Enter a sign-in name"))])
    code = StringField(N_("Recovery code"), validators=[InputRequired(N_("Enter the recovery code you wrote down"))])
    second_factor = StringField(
        N_("Code from your telephone"), description=N_("Six digits. Leave it empty if you have not set one up yet.")
    )


class InviteColleagueForm(Form):
    """Who is invited into the own organisation, and to do what."""

    role = RadioField(
        N_("Role"),
        validators=[InputRequired(N_("Choose the role")), Offered(N_("Choose the role"))],
        validate_choice=False,
    )
    name = person_name()
    login = StringField(
        N_("Sign-in name"),
        description=N_("Small letters, digits, dots and hyphens, for example a.deda"),
        validators=[InputRequired(N_("Enter a sign-in name"))],
    )


class InviteAccountForm(InviteColleagueForm):
    """An invitation by the administrator, who also chooses the organisation."""

    organisation = RadioField(
        N_("Organisation"),
        description=N_(
            "Organisations with two people who hold their key invite their colleagues themselves; they are not listed."
        ),
        validators=[InputRequired(N_("Choose the organisation")), Offered(N_("Choose the organisation"))],
        validate_choice=False,
    )
