"""The shipped model and the scripts that train, export and evaluate it; the app never imports this package."""
