"""The databases behind the systems, as SQLite files with the odd types their originals have."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from agent.demo.changes import Change, Row

SCHEMAS: dict[str, str] = {
    "signing": """
        CREATE TABLE CONTRACTDEAL (CONTRACT_ID TEXT PRIMARY KEY, PROJECT_ID TEXT, STATUS TEXT, TYPE TEXT,
            SIGNDATE TEXT, CONFIRMDATE TEXT, AREA TEXT, MONEY TEXT, SELLER_NAME TEXT, BUYER_NAME TEXT, LOCATION TEXT,
            DELETEDFLAG TEXT, CONTRACTVERSION INTEGER, UPDDATE INTEGER, UPDTIME TEXT);
        CREATE TABLE CANCEL_CENSOR (CONTRACT_ID TEXT PRIMARY KEY, STATUS INTEGER, REASON_TYPE TEXT,
            FINAL_CENSOR_DATE INTEGER, UPDDATE INTEGER);
        CREATE INDEX CONTRACTDEAL_UPD ON CONTRACTDEAL (UPDDATE);
    """,
    "filing": """
        CREATE TABLE WQHT (HTBH TEXT PRIMARY KEY, ZT TEXT, QYSJ TEXT, BASJ TEXT, CXYY TEXT, MSRMC TEXT, CMRMC TEXT,
            ZL TEXT, SCBZ TEXT, GXSJ TEXT);
        CREATE TABLE JY_DEAL (DJBH TEXT PRIMARY KEY, SCJB TEXT, QYFS TEXT, DJSJ TEXT, GXSJ TEXT);
        CREATE INDEX WQHT_GXSJ ON WQHT (GXSJ);
        CREATE INDEX JY_DEAL_GXSJ ON JY_DEAL (GXSJ);
    """,
    "exchange": """
        CREATE TABLE BJ_BANJIAN (PROJID TEXT, YWXT TEXT, ITEMNO TEXT, INFOTYPE TEXT, APPLYFROM TEXT, PROJECTSTATE TEXT,
            RECEIVETIME TEXT, LIMITDAYS INTEGER, DUETIME TEXT, FINISHTIME TEXT, PAUSE_FROM TEXT, PAUSE_TO TEXT,
            APPLYERNAME TEXT, APPLYERCARD TEXT, DATASTATE TEXT, DATAVER INTEGER, SIGNSTATE TEXT, CREATE_TIME TEXT,
            PRIMARY KEY (PROJID, DATAVER));
        CREATE INDEX BJ_BANJIAN_TIME ON BJ_BANJIAN (CREATE_TIME);
    """,
    "quality": """
        CREATE TABLE ZL_CHECK (JCBH TEXT PRIMARY KEY, HJ TEXT, JG TEXT, FS TEXT, JCRQ INTEGER, JCSJ TEXT, JBR TEXT,
            GXSJ TEXT);
        CREATE INDEX ZL_CHECK_GXSJ ON ZL_CHECK (GXSJ);
    """,
    "analytics": """
        CREATE TABLE JK_CALLS (RQ TEXT, JK TEXT, ZS INTEGER, CG INTEGER, GXSJ TEXT, PRIMARY KEY (RQ, JK));
        CREATE TABLE BM_USERS (RQ TEXT, BM TEXT, RS INTEGER, GXSJ TEXT, PRIMARY KEY (RQ, BM));
    """,
}
HOMES = {
    "CONTRACTDEAL": "signing",
    "CANCEL_CENSOR": "signing",
    "WQHT": "filing",
    "JY_DEAL": "filing",
    "BJ_BANJIAN": "exchange",
    "ZL_CHECK": "quality",
    "JK_CALLS": "analytics",
    "BM_USERS": "analytics",
}


class Databases:
    """The SQLite files in one folder; a change becomes one row, rewritten in place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """The file of a database."""
        return self._folder / f"{name}.db"

    def create(self) -> None:
        """Make all files anew, readable while they are written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, schema in SCHEMAS.items():
            for leftover in self._folder.glob(f"{name}.db*"):
                leftover.unlink()
            with closing(sqlite3.connect(self.path(name))) as connection:
                connection.executescript("PRAGMA journal_mode = WAL;" + schema)

    def apply(self, changes: Iterable[Change]) -> None:
        """Write the rows that belong here, each database in one transaction, only the latest state of each key."""
        rows: dict[str, dict[tuple[str, str], Row]] = {}
        for change in changes:
            if change.table in HOMES:
                rows.setdefault(HOMES[change.table], {})[change.table, change.key] = change.row
        for name, latest in rows.items():
            with closing(sqlite3.connect(self.path(name), timeout=10)) as connection, connection:
                connection.execute("PRAGMA synchronous = OFF")  # a simulation may lose its power
                for (table, _), row in latest.items():
                    columns, marks = ", ".join(row), ", ".join("?" * len(row))
                    statement = f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})"
                    connection.execute(statement, tuple(row.values()))
