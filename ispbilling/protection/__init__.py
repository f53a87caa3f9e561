"""What a person may demand of the provider: to see everything known of them, and to be forgotten.

Both need every app, so they are wired here, above them all; the tables are in `customers.protection`.
"""
