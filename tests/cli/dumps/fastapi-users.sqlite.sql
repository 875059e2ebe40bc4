-- What sqlite3's .dump says of a database of FastAPI Users 15.0.5 (pwdlib 0.3.0: Argon2 as by default, and bcrypt).
CREATE TABLE user (
	id CHAR(36) NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	hashed_password VARCHAR(1024) NOT NULL, 
	is_active BOOLEAN NOT NULL, 
	is_superuser BOOLEAN NOT NULL, 
	is_verified BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO user VALUES('5e5061ea-fc38-4e36-a6fb-8ee0f3668822','Ada@example.com','$argon2id$v=19$m=65536,t=3,p=4$qKVijkBs6uZjh/9o6Di9cw$TWHx9hOu7pAtpl08YsdyrVjg7T6eojqAWykm13p5kVY',1,1,0);
INSERT INTO user VALUES('ef3a9117-e67f-4745-a7d3-0c030c905b13','bob@example.com','$2b$12$1PCg0XplWt.k9x.fsQEqZOHm/2jmx7lesaCaauPD147QdxZns46hO',1,0,1);
INSERT INTO user VALUES('b01094fd-921f-410a-a266-3026a1037c75','left@example.com','$argon2id$v=19$m=65536,t=3,p=4$cS4h2AwpCw6+EvuMLE0zhw$7vXYmzYcfy50qmW3LvmgvbMqNCgb31TZbsHKBJEInMQ',0,0,0);
CREATE UNIQUE INDEX ix_user_email ON user (email);
