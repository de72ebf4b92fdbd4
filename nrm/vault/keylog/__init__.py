"""The key log: its bytes and signatures (`entries`), and where it lies (`log`, `heads`, `files`).

Decided in ADR 0098.
"""
