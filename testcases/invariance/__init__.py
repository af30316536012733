"""What a metric says that it does not see, and what it says that it sees, tested in both directions."""
