"""How customers are sorted: customer groups, billing groups, categories, labels and high sites.

Owns those tables and their pages. May call only `ispbilling.core`. What happens to the customers of a group
that is deleted lives where both are known: `customers.accounts.regroup`.
"""
