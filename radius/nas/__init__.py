"""Network access servers: who may speak to us, with which secret."""
