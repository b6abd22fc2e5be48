"""The console: a page that works on the public API, served beside it."""
