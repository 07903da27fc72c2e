"""Who labelled what, and how far the search for a class has come."""
