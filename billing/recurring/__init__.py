"""What is charged every period, and which periods have been billed."""
