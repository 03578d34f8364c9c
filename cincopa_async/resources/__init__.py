"""The groups of the API: a file each, a method an endpoint."""
