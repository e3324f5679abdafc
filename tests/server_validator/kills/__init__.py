"""Commands as the daemons call them, killed at random moments; what has to be true whatever happens to them."""
