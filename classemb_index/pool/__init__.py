"""From any source to a pool of documents."""
