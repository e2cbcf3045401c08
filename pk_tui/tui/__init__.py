"""The terminal UI: what a person sees and types. It reads and asks through `api` alone, and holds no truth of its own."""
