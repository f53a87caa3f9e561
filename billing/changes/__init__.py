"""What package changes cost, and the pages of them: billing is the first that knows both the line and the money.

`previewing` says what a change would do before it is made, `acting` makes and takes back changes and bills at once
where that is wanted, `correcting` does so: by an invoice over the difference, or by credit note and new invoice. What
waits for the next run needs nothing here: `billing.recurring.segments` finds it by itself.
"""
