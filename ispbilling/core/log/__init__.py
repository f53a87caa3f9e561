"""The event log as a list: who changed what, and when."""
