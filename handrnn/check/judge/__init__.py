"""What came back, held against the textbook."""
