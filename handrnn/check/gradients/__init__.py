"""Is backward the gradient of the author's own forward? No textbook: their loss, differentiated."""
