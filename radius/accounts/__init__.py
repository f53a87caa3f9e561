"""Data accounts: the lines that authenticate, several per customer."""
