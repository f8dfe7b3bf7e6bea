"""Looks into the database of a server from outside: rows of a query, and time travel."""

import os
import shutil
import sqlite3
import tempfile

from .pg import psql


def sqlite_files(server):
    out = []
    for directory, _, names in os.walk(server.data_dir):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as f:
                if f.read(16) == b"SQLite format 3\0":
                    out.append(path)
    return out


def sqlite_path(server, table="background_jobs"):
    """The database file of the data directory that has this table or view."""
    for path in sqlite_files(server):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                return path
        finally:
            connection.close()
    raise AssertionError(f"no SQLite file with {table} under {server.data_dir}")


def query(server, sql, table="background_jobs"):
    """(column names, rows) of a SELECT. SQLite is read from a copy, as a person would who wants to disturb nobody."""
    if server.store == "postgres":
        names = [r[0] for r in psql(server.database_url, f"SELECT column_name FROM information_schema.columns "
                                    f"WHERE table_name = '{table}' ORDER BY ordinal_position")]
        return names, psql(server.database_url, sql)
    path = sqlite_path(server, table)
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "copy.db")
        for suffix in ("", "-wal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        connection = sqlite3.connect(copy)
        try:
            cursor = connection.execute(sql)
            return [d[0] for d in cursor.description], cursor.fetchall()
        finally:
            connection.close()


def move_jobs(server, seconds):
    """Makes every job of a stopped server older. Knows one thing of the schema: the times in the table `job`."""
    columns = ("created_at", "updated_at", "started_at", "completed_at")
    if server.store == "postgres":
        known = {r[0] for r in psql(server.database_url, "SELECT column_name FROM information_schema.columns "
                                    "WHERE table_name = 'job' AND table_schema = current_schema()")}
        sets = ", ".join(f"{c} = {c} - interval '{int(seconds)} seconds'" for c in columns if c in known)
        psql(server.database_url, f"UPDATE job SET {sets}")
        return
    connection = sqlite3.connect(sqlite_path(server, "job"))
    with connection:
        known = {r[1] for r in connection.execute("PRAGMA table_info(job)")}
        sets = ", ".join(f"{c} = {c} - {int(seconds * 1_000_000)}" for c in columns if c in known)
        connection.execute(f"UPDATE job SET {sets}")
    connection.close()
