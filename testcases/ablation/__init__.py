"""Whether a metric sees what networks need for their behavior: lesions that matter against lesions that do not."""
