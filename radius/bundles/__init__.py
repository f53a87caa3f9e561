"""What a line holds: bundles of data, what was drawn from each, and what is left of them."""
