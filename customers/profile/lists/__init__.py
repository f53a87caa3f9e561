"""The lists behind the widgets of the profile: its contacts, and what closed its access."""
