"""What is measured: numbers in, numbers out."""
