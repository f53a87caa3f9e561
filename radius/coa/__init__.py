"""Disconnect and Change-of-Authorization: bringing live sessions in line with the decision."""
