"""Package changes: from which day a line has which package (features 2.8).

`models` keeps them; what a change costs is a matter of billing, which reads the same rows.
"""
