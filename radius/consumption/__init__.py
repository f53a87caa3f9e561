"""How much of what was used: the Total Usage List, the usage of a customer, and what every number there is made of.

Reads days (`usage`) and bundles (`bundles`). A number is summed for the rows that are shown; what lists sort and
filter by is added up by a sweep (`months`), the only thing written here. `explaining` takes any number apart.
"""
