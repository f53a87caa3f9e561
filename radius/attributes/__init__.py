"""Attributes a provider adds to replies: of a service for all its lines, or of one data account.

What is written here is sent as it is, in the place of what we would have sent by that name; a data account's
wins over its service's. `checking` refuses what could not be sent or is not the provider's to say.
"""
