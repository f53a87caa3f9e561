"""What `./run` does: private PostgreSQL and Valkey, the processes of the product, the tests.

Development, demonstration and tests only. In production (docker-compose.yml) DATABASE_URL and
REDIS_URL are set and nothing in this package starts a server. It may import nothing of the product:
it runs before the settings can be loaded.
"""
