"""What several experiments share: one file a family, with its task, network, metrics and curves."""
