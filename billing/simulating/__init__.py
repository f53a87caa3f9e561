"""What-if: the next invoices, and what a change would do to them (W-7)."""
