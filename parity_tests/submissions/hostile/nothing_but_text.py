# nothing but a comment
"""and a docstring"""
