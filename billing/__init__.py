"""Money: the ledger, documents and their numbers, recurring lines, month-end runs.

Charges for what `radius` and `customers` say is there, and closes their gates when a workflow says so. May
call every app below it. Messages about money are made above, from the events it records.
"""
