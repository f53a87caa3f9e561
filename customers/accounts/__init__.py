"""The customer: who it is, its code, contacts, gates and portal logins."""
