"""What is sold: services (speed) and packages (cap and price on a service)."""
