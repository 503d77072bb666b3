"""Reports as a browser would read them, their charts, and pages of the documentation that a script writes."""
