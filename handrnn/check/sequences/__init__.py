"""Whole sequences: functions, modules of torch and layer classes."""
