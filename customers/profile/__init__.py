"""The page a customer is judged by: its header and widgets, its edit dialog, and the acts on its gates."""
