"""What a dynamical metric must see and a geometric one cannot."""
