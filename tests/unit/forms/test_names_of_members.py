"""A name of a member holds nothing that takes no place: somebody would be vouched for in place of another."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from forms.accounts.accounts import person_name


class NameForm(Form):
    name = person_name()


@pytest.mark.parametrize(
    "name",
    ["Ивана\u200b Илиева", "Ana\u00ad", "\ufeffAna", "A\u200dna", "A\u202ena", "Ana\u3164", "A\u2800na", "Ana\n"],
)
def test_a_name_with_something_that_takes_no_place_is_refused(name: str) -> None:
    form = NameForm(MultiDict({"name": name}))
    assert not form.validate()
    assert [str(each) for each in form.name.errors] == ["Enter the text again without invisible characters: Name"]


@pytest.mark.parametrize("name", ["Ивана Илиева", "Çelaj-Xhaferi", "Ștefănescu O’Neil", "Ζωή"])
def test_names_as_people_have_them_are_taken(name: str) -> None:
    assert NameForm(MultiDict({"name": name})).validate()
