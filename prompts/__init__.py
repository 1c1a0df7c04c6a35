"""Every word a model sees, as text files by domain, the loader that renders them and the parser of the answers."""
