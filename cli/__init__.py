"""The command line: each command reads arguments, calls the library and shows the result."""
