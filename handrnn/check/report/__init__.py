"""What is said: plain data, and one renderer a format."""
