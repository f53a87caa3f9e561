"""How much of what was used: the Total Usage List, the usage of a customer, and what every number there is made of.

Reads days (`usage`) and bundles (`bundles`), writes nothing. A number is summed for the rows that are shown, unless
somebody sorts or filters by it; `explaining` takes any of them apart.
"""
