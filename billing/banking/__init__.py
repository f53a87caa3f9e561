"""Bank statements: read, previewed, each line posted once, and taken back as a whole."""
