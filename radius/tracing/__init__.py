"""Who had an address, and when: for the police, for abuse reports, for the network itself (2.1)."""
