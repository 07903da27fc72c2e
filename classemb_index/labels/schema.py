"""The tables of the label store, and what is asked of them."""

from __future__ import annotations

VERSION = 1

# an answer is never changed or removed: a later one lies over it, an undo takes an action out
TABLES = """
CREATE TABLE classes (number INTEGER PRIMARY KEY, first_name TEXT NOT NULL) STRICT;
CREATE TABLE actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, annotator TEXT NOT NULL,
    origin TEXT NOT NULL, strategy TEXT, offered TEXT, undoes INTEGER UNIQUE REFERENCES actions
) STRICT;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL REFERENCES actions,
    change TEXT NOT NULL CHECK (change IN ('add', 'rename', 'merge', 'remove', 'describe')),
    class INTEGER NOT NULL REFERENCES classes, value TEXT, target INTEGER REFERENCES classes
) STRICT;
CREATE TABLE picks (
    action INTEGER NOT NULL REFERENCES actions, rank INTEGER NOT NULL, document TEXT NOT NULL,
    class INTEGER REFERENCES classes, step TEXT NOT NULL, PRIMARY KEY (action, rank)
) STRICT;
CREATE TABLE answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL REFERENCES actions,
    document TEXT NOT NULL, class INTEGER REFERENCES classes,
    said TEXT NOT NULL CHECK (said IN ('yes', 'no', 'skip')), CHECK ((class IS NULL) = (said = 'skip'))
) STRICT;
CREATE INDEX answers_of_action ON answers (action);
"""
APPEND_ONLY = "".join(
    f"CREATE TRIGGER no_{change}_of_{table} BEFORE {change} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'append only'); END;"
    for table in ("classes", "actions", "changes", "picks", "answers")
    for change in ("UPDATE", "DELETE")
)

UNDONE = "SELECT undoes FROM actions WHERE undoes IS NOT NULL"

CLASSES = "SELECT number, first_name FROM classes ORDER BY number"

CHANGES = f"""
SELECT action, change, class, value, target FROM changes
WHERE action NOT IN ({UNDONE}) ORDER BY number
"""

ANSWERS = f"""
SELECT action, document, class, said, annotator FROM answers JOIN actions ON actions.number = action
WHERE action NOT IN ({UNDONE}) ORDER BY answers.number
"""

ACTIONS = f"""
SELECT number, at, annotator, origin, strategy, undoes,
    (SELECT COUNT(DISTINCT document) FROM answers WHERE action = actions.number)
    + (SELECT COUNT(*) FROM picks WHERE action = actions.number),
    number IN ({UNDONE})
FROM actions ORDER BY number
"""

BATCHES = f"""
SELECT number, at, annotator, strategy, offered, document, class, step FROM actions
JOIN picks ON action = number WHERE number NOT IN ({UNDONE}) ORDER BY number, rank
"""
