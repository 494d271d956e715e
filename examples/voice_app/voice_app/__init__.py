"""A phone line for field staff, and how it hands its audit events in."""
