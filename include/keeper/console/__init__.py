"""The console: what people and programs reach over HTTP."""
