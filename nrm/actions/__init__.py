"""What a person or the clock does: one thing, in one transaction. No action imports another (ADR 0053)."""
