"""The sink: masked events into ClickHouse, each exactly once; its tables, views and access policy; the ledger's balance."""
