"""Statements people can pay from (W-8): what was owed, what happened, what is owed now, what of it is open."""
