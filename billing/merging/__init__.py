"""Merge Customers (NAV-3, D-20): in billing, because it may call down to everything that belongs to a customer."""
