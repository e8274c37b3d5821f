"""The user's examples: read, questioned, split and standardized."""
