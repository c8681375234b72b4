"""The numbers that submissions are run on, and what rounding can do to them."""
