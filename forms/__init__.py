"""What people type: one module per noun, sees only the domain."""

# The published type stubs of WTForms do not know this class of 3.3 yet.
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

__all__ = ["SelectChoice"]
