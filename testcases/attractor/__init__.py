"""Systems whose dynamical regime, motifs and mixture are known."""
