"""The people and the work of a demo country. Only `nrm demo` imports this."""
