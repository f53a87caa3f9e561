"""Debit orders: mandates, batches that collect what is due, the provider's files, and what came of each collection.

A batch is planned (`planning`, decided by the pure `deciding`), approved, sent as a file (`formats/`), and settled row
by row (`settling`), by hand or from a result file (`results`). A payer has one live row at a time: PostgreSQL refuses
another, so that no debt is collected twice.
"""
