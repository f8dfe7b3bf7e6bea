// A module without sources of its own yet.
