"""A rehearsal server: every role of the pipeline, offline and deterministic. It is not a model and says so."""
