"""What is asked of customers by a signed link: are your details right, and how do we do (PRO-5, 2.19)."""
