"""Statements on screen, as paper, by mail: of one payer, and to many."""
