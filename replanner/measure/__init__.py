"""Pure: what a vLLM server printed, beside what was planned for it, and what to learn from that."""
