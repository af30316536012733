"""What noise may and may not change."""
