"""The data set: Parquet files of all stored results, one row per cell. Any Parquet reader can query it."""
