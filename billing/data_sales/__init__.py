"""Selling data: top-ups by staff, in the portal and automatically, prepaid lines, and switching to prepaid and back."""
