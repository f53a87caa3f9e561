"""Which credit settles which debit: derived from the ledger at any day, never stored, never part of its truth.

An *item* is what one posting did to what a payer owes, together with whatever took it back: an invoice and its
credit note, a payment and its return are one item, and nothing once they are in balance. Records that were
merged are one payer, so a transfer between them is no item and old invoices keep their age.

Credits settle debits first in, first out: the oldest credit the debit that is due first (`fifo`). Staff may say
otherwise for one credit, and that alone is stored: a `Pin`. Pages about one payer read `fifo`; lists and the
age analysis ask PostgreSQL for all payers at once (`open_items`), and a test holds the two equal.
"""
