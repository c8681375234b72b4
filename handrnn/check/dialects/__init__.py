"""How others write recurrent networks: what they call, take and return."""
