"""What a person or the clock does: one thing, in one transaction (ADR 0053).

No action imports another; only `tending`, which does what time brings, calls several.
"""
