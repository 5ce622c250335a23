"""Binary units: sizes are integers of bytes, and these where people read them."""

MIB = 1024**2
GIB = 1024**3
