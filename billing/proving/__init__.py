"""Proof that the books are what they were: a daily anchor kept elsewhere, and verification in the background."""
