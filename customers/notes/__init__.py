"""What staff write down about a customer for one another (PRO-11)."""
