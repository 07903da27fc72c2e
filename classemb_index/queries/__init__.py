"""What a class is searched by."""
