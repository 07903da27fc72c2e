"""What runs for hours, and goes on where it was interrupted."""
