"""Where an address is: asks a geocoder, politely, and remembers what it said (D-5)."""
