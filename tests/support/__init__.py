"""What the black-box tests share: a real PostgreSQL, the real binary, tokens, HTTP, SSE. Standard library only."""
