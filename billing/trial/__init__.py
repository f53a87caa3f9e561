"""The trial balance: what every ledger account holds on a day, and the lines behind each figure."""
