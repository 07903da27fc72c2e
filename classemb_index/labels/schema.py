"""The tables of the label store, and what is asked of them."""

from __future__ import annotations

VERSION = 2
EVALUATION = "evaluation"  # the strategy of documents that are labelled for measurement only
OVERLAP = "overlap"  # the strategy of documents that a second annotator answers too

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
NOTES_TABLE = """
CREATE {} TABLE notes (
    action INTEGER NOT NULL REFERENCES actions, document TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (action, document)
) STRICT
"""


def append_only(*tables: str) -> list[str]:
    """The statements after which no row of these tables can be changed or removed."""
    return [
        f"CREATE TRIGGER no_{change}_of_{table} BEFORE {change} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'append only'); END"
        for table in tables
        for change in ("UPDATE", "DELETE")
    ]


# what makes a file of each version from one of the version before, statement by statement
STEPS = (
    [
        *TABLES.strip().rstrip(";").split(";"),
        *append_only("classes", "actions", "changes", "picks", "answers"),
    ],
    [
        NOTES_TABLE.format(""),
        "CREATE INDEX answers_of_document ON answers (document)",
        "CREATE INDEX picks_of_document ON picks (document)",
        "CREATE INDEX notes_of_document ON notes (document)",
        *append_only("notes"),
    ],
)
# for who reads a file of version 1, which nobody may change by reading
NO_NOTES = NOTES_TABLE.format("TEMP").replace(" REFERENCES actions", "")


def _stands(action: str) -> str:
    """The condition that the action of this number was not undone."""
    return f"NOT EXISTS (SELECT 1 FROM actions AS later WHERE later.undoes = {action})"


UNDONE = "SELECT undoes FROM actions WHERE undoes IS NOT NULL"

CLASSES = "SELECT number, first_name FROM classes ORDER BY number"

CHANGES = f"""
SELECT action, change, class, value, target FROM changes
WHERE action NOT IN ({UNDONE}) ORDER BY number
"""

LAST_ACTION = "SELECT COALESCE(MAX(number), 0) FROM actions"

# those that were undone too
ANSWERS_SINCE = """
SELECT action, document, class, said, annotator FROM answers JOIN actions ON actions.number = action
WHERE action > ? ORDER BY answers.number
"""

NOTES = f"""
SELECT document, annotator, text FROM notes JOIN actions ON actions.number = action
WHERE action NOT IN ({UNDONE}) ORDER BY action, document
"""

_ACTIONS = f"""
SELECT number, at, annotator, origin, strategy, undoes,
    (SELECT COUNT(*) FROM (
        SELECT document FROM answers WHERE action = actions.number
        UNION SELECT document FROM notes WHERE action = actions.number
    ))
    + (SELECT COUNT(*) FROM picks WHERE action = actions.number),
    number IN ({UNDONE})
FROM actions
"""
ACTIONS = f"{_ACTIONS} ORDER BY number"
ACTION = f"{_ACTIONS} WHERE number = ?"

LAST_ANSWER = f"""
SELECT number FROM actions AS own WHERE annotator = ? AND origin = ?
    AND {_stands("own.number")}
    AND EXISTS (SELECT 1 FROM answers WHERE action = own.number)
ORDER BY number DESC LIMIT 1
"""

BATCHES_SINCE = """
SELECT number, at, annotator, strategy, offered, document, class, step FROM actions
JOIN picks ON action = number WHERE number > ? ORDER BY number, rank
"""

_AMONG = "document IN (SELECT value FROM json_each(?))"

ANSWERS_TO = f"""
SELECT document, action, annotator, class, said
FROM answers JOIN actions ON actions.number = action
WHERE {_AMONG} AND {_stands("action")} ORDER BY answers.number
"""

NOTES_ON = f"""
SELECT document, annotator, text FROM notes JOIN actions ON actions.number = action
WHERE {_AMONG} AND {_stands("action")} ORDER BY action
"""

HANDED_OUT = f"""
SELECT document, action, annotator, strategy, class, step
FROM picks JOIN actions ON actions.number = action
WHERE {_AMONG} AND {_stands("action")} ORDER BY action
"""

ANSWERS_OF_ACTION = "SELECT document, class, said FROM answers WHERE action = ? ORDER BY number"

# somebody answered or skipped a pick after it was handed out; where it was also handed out for
# overlap, two annotators answer it and only what its own said counts
_IS_BACK = f"""
EXISTS (
    SELECT 1 FROM answers JOIN actions AS theirs ON theirs.number = answers.action
    WHERE answers.document = picks.document AND answers.action > picks.action
    AND {_stands("answers.action")}
    AND (theirs.annotator = own.annotator OR NOT EXISTS (
        SELECT 1 FROM picks AS second JOIN actions AS other ON other.number = second.action
        WHERE second.document = picks.document AND other.strategy = '{OVERLAP}'
        AND {_stands("second.action")}
    ))
)
"""

OUT_TO = f"""
SELECT document FROM actions AS own CROSS JOIN picks ON picks.action = own.number
WHERE own.annotator = ? AND own.strategy <> '{EVALUATION}'
AND {_stands("own.number")} AND NOT {_IS_BACK}
ORDER BY picks.action, rank
"""

LAST_SAMPLE = f"""
SELECT number FROM actions AS own WHERE strategy = '{EVALUATION}'
AND {_stands("own.number")} ORDER BY number DESC LIMIT 1
"""

OUT_OF_SAMPLE = f"""
SELECT document FROM picks JOIN actions AS own ON own.number = picks.action
WHERE picks.action = ? AND NOT {_IS_BACK} ORDER BY rank
"""

# by the actions first, of which there are fewer than answers
ANSWERED_BY = f"""
SELECT document, at FROM actions AS own CROSS JOIN answers ON answers.action = own.number
WHERE annotator = ? AND said <> 'skip'
AND {_stands("own.number")} ORDER BY own.number
"""
