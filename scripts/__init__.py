"""What developers run: what CI checks, how an environment is made, the catalogues."""
