"""The pages of debit orders, by what they are about."""
