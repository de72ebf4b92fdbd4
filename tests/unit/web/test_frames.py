"""A frame is kept only where it holds nothing of the one for whom it was rendered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from nrm.web import frames

ONE, OTHER = ({"id": str(uuid.uuid4()), "token": name * 8} for name in ("a", "b"))


def test_a_frame_is_rendered_once_and_filled_with_the_values_of_each() -> None:
    kept, rendered = frames.Frames(frames.marks("id", "token")), []

    def render(mark: Mapping[str, str]) -> str:
        rendered.append(1)
        return f"<a href='/{mark['id']}'>{mark['token']}</a>"

    for values in (ONE, OTHER):
        assert kept.fill("page", render, values) == f"<a href='/{values['id']}'>{values['token']}</a>"
    assert len(rendered) == 1


def test_a_page_with_an_address_made_without_the_marks_is_shown_to_nobody_else() -> None:
    kept = frames.Frames(frames.marks("id", "token"))
    for values in (ONE, OTHER, ONE):
        page = kept.fill("page", lambda mark, id_=values["id"]: f"/spoken/{id_} {mark['id']}", values)  # type: ignore[misc]
        assert page == f"/spoken/{values['id']} {values['id']}"
