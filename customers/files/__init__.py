"""Attachments: the files of a customer, from the signed form to the picture of the mast (PRO-12)."""
