"""Members' own pages under /me, and those for everybody under /public."""
