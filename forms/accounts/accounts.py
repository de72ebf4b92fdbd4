"""What people type about accounts."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import Field, Form, PasswordField, RadioField, StringField, ValidationError
from wtforms.validators import EqualTo, InputRequired, Length

from forms.typed import NotBlankForm, Offered, PlainName
from nrm.domain.accounts.person_names import NameRefusal, unreadable
from nrm.domain.words import N_

NAME_REFUSALS: Mapping[NameRefusal, str] = {
    NameRefusal.SCRIPTS: N_("Enter each word of the name in the letters of one script"),
    NameRefusal.LETTERS: N_(
        "Enter the name in ordinary Latin, Cyrillic or Greek letters, as in the passport: small capitals, letters with "
        "a stroke and letters of other scripts look like others"
    ),
    NameRefusal.MORE: N_(
        "Enter first name and family name alone: no digits, brackets, commas or other signs, and a point only after an "
        "initial"
    ),
    NameRefusal.NAMESAKE: N_(
        "Add a second name, or the father’s name in full: a colleague there is called so, or it is a part of that "
        "name, or looks like it on a page, or somebody was called so within a year. An initial or a doubled letter is "
        "not enough"
    ),
    NameRefusal.DESK: N_(
        "Add a second name, or the name of the father in full: somebody of the Responsible Authority, whose duty desk "
        "decides for all organisations, is called so or looks so"
    ),
    NameRefusal.LOGIN: N_("Enter first name and family name alone: this has the sign-in name of a colleague in it"),
    NameRefusal.TITLE: N_(
        "Enter first name and family name alone: this has the name of a role or of an office in it. The pages show the "
        "role by themselves"
    ),
}


class NameAlone:
    """A name and nothing else, that everybody can read with care."""

    def __call__(self, _: Form, field: Field) -> None:
        """Raise ValidationError with what to do, where nothing else was said of it."""
        if not field.errors and (why := unreadable(field.data or "")):
            raise ValidationError(NAME_REFUSALS[why])


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


class JoinAccountForm(NotBlankForm):
    """The password of a new account, twice; how long it must be depends on the instance, and the page says it."""

    password = PasswordField(
        N_("Choose a password"),
        validators=[InputRequired(N_("Enter a password"))],
    )
    again = PasswordField(
        N_("The same password again"),
        validators=[EqualTo("password", N_("Enter the same password twice"))],
    )


class ChangePasswordForm(NotBlankForm):
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


class InviteColleagueForm(NotBlankForm):
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
