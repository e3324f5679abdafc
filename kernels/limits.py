"""Every limit in one place, each with its reason."""

# --- networks: what the engines are written and tested for
DEPTH = 8  # hidden layers
WIDTH_MIN, WIDTH_MAX = 4, 2048  # units of a hidden layer; inputs and outputs share the upper one

# --- work units: they reach every volunteer, so a slip of staff must not become a week of somebody's computer
WORKUNIT_BYTES = 64 * 1024  # a work unit is parameters only: a few hundred bytes
CELLS = 65_536  # cells of one work unit: the lightest, 3 GFLOP, fill a quarter of an hour at 200 GFLOP/s
GRID_VALUES = 64  # values on one axis of a grid
NAME_BYTES = 64  # names of experiments, axes, metrics and devices

# --- results: they come from strangers
RESULT_BYTES = 8 * 1024 * 1024  # an upload is refused above this; that of a default work unit has 5 MB at most
CONTENT_BYTES = 16 * 1024 * 1024  # what it is deflated from: more than twice that of any default work unit
HEADER_BYTES = 64 * 1024  # of a result: a work unit's parameters and some names
MEASUREMENTS = 4096  # measurements of one cell

# --- checkpoints: they come from a disk that may lie
CHECKPOINT_BYTES = 512 * 1024 * 1024  # block states of the largest work unit are far below
