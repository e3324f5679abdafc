"""How networks are trained: one interface (contract.py) and the engines behind it. Nobody else knows."""
