"""Phone calls: whose they are, what they cost (phone costing models, SET-2), imported, and billed once a month."""
