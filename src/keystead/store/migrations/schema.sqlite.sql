-- What the migrations make of an empty SQLite file; `make schema` writes it anew, a test compares.
CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) );
CREATE TABLE users ( id TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, password_hash TEXT NOT NULL, pepper_id INTEGER, PRIMARY KEY (id), UNIQUE (email) ) WITHOUT ROWID;
CREATE INDEX users_by_role ON users (role, email);
CREATE INDEX users_by_status ON users (status, email);
CREATE INDEX users_by_role_and_status ON users (role, status, email);
CREATE TABLE sessions ( id TEXT NOT NULL, user_id TEXT NOT NULL, generation BIGINT NOT NULL, rotated_at BIGINT, salt BLOB NOT NULL, created_at BIGINT NOT NULL, last_active_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, ip TEXT, user_agent TEXT, device TEXT, browser TEXT, os TEXT, place TEXT, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE ) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE TABLE leases ( name TEXT NOT NULL, holder TEXT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (name) );
CREATE TABLE installation ( name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name) );
CREATE TABLE audit ( id TEXT NOT NULL, at BIGINT NOT NULL, name TEXT NOT NULL, severity TEXT NOT NULL, actor TEXT, subject TEXT, session TEXT, ended TEXT, detail TEXT, network TEXT, ip TEXT, user_agent TEXT, salt BLOB, digest BLOB NOT NULL, key_id INTEGER NOT NULL, mac BLOB NOT NULL, seq BIGINT, chain BLOB, PRIMARY KEY (id), UNIQUE (seq) ) WITHOUT ROWID;
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX audit_by_name ON audit (name, id);
CREATE INDEX audit_unsealed ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_untrimmed ON audit (at) WHERE salt IS NOT NULL;
INSERT INTO alembic_version VALUES ('0004');
