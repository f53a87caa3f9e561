"""The double-entry ledger. An *Account* collects money of one nature, a *Posting* is one balanced fact, a
*Line* is an amount on an account (debit positive). Lines of a posting sum to zero, nothing is ever edited or
deleted, and every posting is sealed into a SHA-256 chain: PostgreSQL refuses anything else.
"""
