"""What decided about lines in the past, and what would: the facts at any instant, with or without a change.

`models` keeps what rows were before they changed; `supposing` reads lines from rows as they were, or as they would be
with a change, by the very query that the server reads with; `erasing` forgets a person's.
"""
