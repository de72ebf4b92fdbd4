"""What several actions do inside their transaction. A step takes the session and opens no transaction (ADR 0053)."""
