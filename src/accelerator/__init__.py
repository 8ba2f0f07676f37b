"""Fast, parallel and reproducible processing of large data sets."""
