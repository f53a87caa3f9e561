"""Proves an installation: each check asks the real part and answers with a sentence and, on failure, a remedy."""
