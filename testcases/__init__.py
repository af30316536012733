"""The cases: one claim per file, grouped in folders; run by `pytest --metric=NAME`."""
