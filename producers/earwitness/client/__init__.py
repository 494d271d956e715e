"""The client that a voice app imports: events in, never a wait, never an exception out."""
