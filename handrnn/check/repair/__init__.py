"""Mends a submission: the smallest change of its own lines that makes a function right."""
