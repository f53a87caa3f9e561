"""The accounting package the provider keeps its books in (2.13): our accounts as its accounts, journals for it.

An export takes the postings of some days that were not exported before, each once per package for ever, and writes
them as journals in the package's own import format (`packages/`). Income is one account in our ledger; an export
splits it by the GL codes of the printed lines, and what it writes is compared with the ledger before it is kept.
"""
