"""Age analysis: who owes how much and since when, as at any day, in totals that are those of the ledger."""
