"""A pool embedded once, on disk."""
