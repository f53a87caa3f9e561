"""A small demonstration provider: made and taken away through the same acts the pages use."""
