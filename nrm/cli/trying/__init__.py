"""What is made to try the program out, and not to work with it."""
