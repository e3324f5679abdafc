"""The data set: one Parquet file per assimilated work unit, one row per cell. Any Parquet reader can query it."""
