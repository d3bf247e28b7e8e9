"""What is the members' own: their money, and how they get it back."""
