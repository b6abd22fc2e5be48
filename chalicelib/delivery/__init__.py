"""How a downlink leaves us."""
