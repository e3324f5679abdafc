"""How networks are trained: one interface (seam.py) and the engines behind it. Nobody else knows."""
