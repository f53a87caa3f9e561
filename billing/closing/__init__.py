"""Closing the books up to a day, and opening them again: what was reported of a period stays as reported."""
