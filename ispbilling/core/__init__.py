"""The kernel: users and roles, events, clock, money, units, secrets, plans, registries and the generic pages.

Knows no business word. Every app may import it; it imports none of them.
"""
