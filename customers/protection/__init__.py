"""The rights of the person behind an account: who looked, what is known, and being forgotten (2.19).

The tables are here; walking everything that is known of a person needs every app, so the acts that do are in
`ispbilling.protection`.
"""
