POOL = "gsdp"
"""Name of the work pool that runs are handed out by."""
