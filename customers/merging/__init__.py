"""Two records of one customer become one: what was merged into what (D-20). The act is `billing.merging`."""
