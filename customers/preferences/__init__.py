"""What the provider decides about its customers as a whole: titles in names, and who finds positions."""
