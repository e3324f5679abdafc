"""Every limit in one place, each with its reason."""

# --- networks: what the engines are written and tested for
DEPTH = 8  # hidden layers
WIDTH_MIN, WIDTH_MAX = 4, 2048  # units of a hidden layer; inputs and outputs share the upper one

# --- work units: they reach every volunteer, so a slip of staff must not become a week of somebody's computer
WORKUNIT_BYTES = 64 * 1024  # a work unit is parameters only: a few hundred bytes
CELLS = 4096  # cells of one work unit; where a cell has many metrics, RESULT_BYTES allows fewer
GRID_VALUES = 64  # values on one axis of a grid
NAME_BYTES = 64  # names of experiments, axes, metrics and devices

# --- results: they come from strangers
RESULT_BYTES = 4 * 1024 * 1024  # an upload is refused above this; a normal work unit stays under 1 MB
MEASUREMENTS = 4096  # measurements of one cell
METRIC_BYTES = 1024 * 1024  # one metric of one cell

# --- checkpoints: they come from a disk that may lie
CHECKPOINT_BYTES = 512 * 1024 * 1024  # block states of the largest work unit are far below
