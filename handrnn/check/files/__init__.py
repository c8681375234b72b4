"""Cases on file, for implementations in any language."""
