"""The network: NASes, services and packages, data accounts, usage, the access decision and the RADIUS server.

Decides who may authenticate and records what they used; knows nothing about money. May call `customers`,
`groups` and `ispbilling.core`. Charging reads its tables from above (`billing`).
"""
