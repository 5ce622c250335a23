"""The pure core: a request and model facts in, a plan out. No I/O, clock or environment."""
