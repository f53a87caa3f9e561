"""The id a customer has in the accounting system, where the provider keeps its books in one (EDT-14, D-22)."""
