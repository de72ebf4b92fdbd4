"""Rows for steps and actions that have decided who may ask. Pages and commands never import this (ADR 0053)."""
