"""The staff list: who may log in at the staff door and as what."""
