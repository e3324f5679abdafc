"""What networks are asked to learn: synthetic tasks, each a module with parameters, made from a seed alone."""
