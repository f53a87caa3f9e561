"""What may be bought on top of a package: groups of top-ups, and what each gives."""
