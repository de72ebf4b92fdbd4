"""What several actions do inside their transaction, or read for it (ADR 0053).

A step that writes takes the session. None opens a transaction but a refused proof in `credentials`.
"""
