"""What every metric owes its caller, whatever it measures."""
