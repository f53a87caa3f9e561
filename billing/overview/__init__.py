"""How the money stands: the figures of Billing, Overview and of the dashboard, each with the list behind it."""
