"""Staff pages: sales of top-ups, automatic top-ups, prepaid lines, settings."""
