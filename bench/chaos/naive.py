"""The control: a run written as one would without thinking, in the same harness. It has to fail.

It looks whether the invoice is there, takes MAX + 1 for its number, and posts it in a second transaction.
"""

import sys

TABLES = """
CREATE TABLE naive_invoice (id bigserial PRIMARY KEY, customer bigint, period int, number bigint);
CREATE INDEX ON naive_invoice (customer, period);
CREATE INDEX ON naive_invoice (number);
CREATE TABLE naive_posting (invoice bigint)
"""
COUNTS = {
    "doubled": "SELECT count(*) - count(DISTINCT (customer, period)) FROM naive_invoice",
    "duplicate_numbers": "SELECT count(*) - count(DISTINCT number) FROM naive_invoice",
    "lost": "SELECT count(*) FROM naive_invoice WHERE id NOT IN (SELECT invoice FROM naive_posting)",
}


def bill(customers: int, period: int) -> None:
    """One worker's way through a period, beginning anew as often as it is killed."""
    import os

    import psycopg2

    from bench import sql

    connection = psycopg2.connect(dbname="isp", **sql.address(os.environ["DATABASE_URL"]))
    cursor = connection.cursor()
    for customer in range(1, customers + 1):
        cursor.execute("SELECT 1 FROM naive_invoice WHERE customer = %s AND period = %s", [customer, period])
        if cursor.fetchone():
            connection.commit()
            continue
        cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM naive_invoice")
        (number,) = cursor.fetchone() or (1,)
        cursor.execute(
            "INSERT INTO naive_invoice (customer, period, number) VALUES (%s, %s, %s) RETURNING id",
            [customer, period, number],
        )
        (invoice,) = cursor.fetchone() or (0,)
        connection.commit()
        cursor.execute("INSERT INTO naive_posting VALUES (%s)", [invoice])
        connection.commit()


if __name__ == "__main__":
    bill(int(sys.argv[1]), int(sys.argv[2]))
