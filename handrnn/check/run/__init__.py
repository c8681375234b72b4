"""Calls a submission in a process of its own; knows no course."""
