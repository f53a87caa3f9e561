"""Files people hand in: looked at in a process of their own, kept under random names, shown to who may see."""
