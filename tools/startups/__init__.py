"""Start-ups of real servers, retyped, and how plans compare with them."""
