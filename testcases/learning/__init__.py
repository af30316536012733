"""What a metric sees of networks that learn, and of what they learnt."""
