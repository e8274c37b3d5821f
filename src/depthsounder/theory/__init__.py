"""What networks of infinite and finite width are predicted to do."""
