"""What `./run bench chaos_billing` is made of: processes to kill, the naive control, and the counting."""
