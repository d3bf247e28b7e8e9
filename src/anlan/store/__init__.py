"""SQL: tables, migrations, and the queries of each noun; SQLite and PostgreSQL behind the same contract tests."""
