"""Apache Kafka and ClickHouse from packages: started, watched, restarted and stopped without Docker or Java."""
