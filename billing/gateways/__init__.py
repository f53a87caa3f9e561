"""Paying online: a customer is taken to a gateway to pay, the gateway tells what happened, each event counts once."""
