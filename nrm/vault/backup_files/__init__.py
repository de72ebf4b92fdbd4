"""Backup files: rows as lines, and who opens them."""
