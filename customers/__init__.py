"""People and companies who buy: accounts, codes, contacts, gates, the profile, portal logins.

Owns the customer and everything that is true of a customer without knowing about RADIUS or money.
May call `groups` and `ispbilling.core`. What the network or the ledger does with a closed gate is theirs.
"""
