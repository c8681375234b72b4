"""A teacher's own assignment: a dialect held against a right solution, and what it leaves open."""
