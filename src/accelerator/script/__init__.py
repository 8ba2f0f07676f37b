"""Build scripts: run as jobs, with the ``urd`` object, and shown on the terminal while they run."""
