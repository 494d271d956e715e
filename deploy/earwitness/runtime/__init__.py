"""What every process has in common: settings, errors, logging, topics."""
