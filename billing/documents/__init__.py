"""Paper: invoices and credit notes. Issued once, numbered without gaps, frozen; undo is a mirror."""
