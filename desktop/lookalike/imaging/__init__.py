"""From a file to upright pixels, a thumbnail, fingerprints and facts; never writes to a photo."""
