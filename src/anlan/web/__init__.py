"""The doors: REST for platforms, the console for staff, pages for members."""
