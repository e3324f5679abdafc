"""Coverage-guided fuzzing of all that reads what strangers upload; the corpus that it found is kept and replayed.

`make fuzz SECONDS=1800` runs it. An input is one byte that says which reader it is for, and what that is to read: `w` a
work unit, `r` a result decoded and checked beside its work unit, `v` a result validated with all its cells, `u` the
same as BOINC uploads it, twice under two names. See `readers` for what must hold, `mutator` for how inputs are made.
"""
