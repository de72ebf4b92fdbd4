"""The forms of the pages: one module per noun. They import only the domain."""

# The published type stubs of WTForms do not know this class of 3.3 yet.
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

__all__ = ["SelectChoice"]
