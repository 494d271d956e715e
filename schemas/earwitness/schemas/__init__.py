"""The events' Avro schemas, and everything that reads or writes their bytes."""
