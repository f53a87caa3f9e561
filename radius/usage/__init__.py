"""Sessions and the octets counted per account and local day."""
