"""Results and findings for people: on a terminal, as pictures, as JSON."""
