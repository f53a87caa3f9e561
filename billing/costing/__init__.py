"""Price lists: what packages cost the customers of a data costing model (SET-2)."""
