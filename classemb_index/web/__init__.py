"""The page for annotators: a local server over one index."""
