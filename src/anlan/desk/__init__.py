"""What people decide: so far, which policies are in force."""
