"""What the library knows, in SQLite; embeddings here are the truth that the index mirrors."""
