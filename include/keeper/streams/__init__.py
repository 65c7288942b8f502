"""Kafka: topics, the codec, the producer, the batch consumer and dead letters."""
