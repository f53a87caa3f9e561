"""The ledger. Design overview.

Three nouns: an `Account` is a pot (receivable, revenue, VAT, bank), a `Posting` is one fact (an invoice was
issued), its `Line`s say how much of it lands in which pot. One invariant: the lines of a posting sum to
zero. Positive is debit, negative is credit; a receivable line names the payer, and the payer's `Balance` is
the sum of those lines.

Nothing is edited: a mistake is answered by a reversing posting. PostgreSQL holds all of this (the triggers
of migration 0004), and since whoever owns the database can switch triggers off, every posting carries a
digest of what it says, and every transaction's digests are sealed into a hash chain whose end is
`ChainHead`. `manage.py verify_ledger` recomputes everything and names the first row that does not fit.

`posting` is the only writer. Lock order everywhere: number sequence, chain head, balances; taken as the
last thing before COMMIT.
"""
