"""Bringing customers in from a file (part 2.21): upload, choose columns, check every row, import, undo.

The file and all that is read from it are personal data: kept encrypted, and only for `models.KEEP`.
"""
