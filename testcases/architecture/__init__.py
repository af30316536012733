"""What a metric says of an architecture: cases that answer a question about networks, hardly any about the metric."""
