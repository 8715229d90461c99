"""Nearest neighbours: sealed HNSW segments, an exact tail, and the process that holds the segments."""
