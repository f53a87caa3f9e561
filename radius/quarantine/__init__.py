"""Accounting packets that could not be counted: acknowledged, kept as they were, and shown."""
