"""How customers hang together: master and sub-accounts, resellers and those they sell to."""
