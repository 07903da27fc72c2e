"""Index recipes, found by name; indexes built from a checkout land beside them."""
