"""The services that own threads: scanner, watcher, ingest, search, file operations, and the library that ties them."""
