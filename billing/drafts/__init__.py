"""Invoices that people write by hand: drafts to be edited, cloned and deleted until they are issued."""
