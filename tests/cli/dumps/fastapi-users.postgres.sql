-- The table and its rows, as pg_dump says them of a database of FastAPI Users 15.0.5 (pwdlib 0.3.0: Argon2 as by default, and bcrypt).
CREATE TABLE public."user" (
    id uuid NOT NULL,
    email character varying(320) NOT NULL,
    hashed_password character varying(1024) NOT NULL,
    is_active boolean NOT NULL,
    is_superuser boolean NOT NULL,
    is_verified boolean NOT NULL
);
INSERT INTO public."user" VALUES ('72f0ce3c-99ad-4e04-b265-4225df9df0ca', 'Ada@example.com', '$argon2id$v=19$m=65536,t=3,p=4$mpKC7rANFent8ost9fqjBQ$msmeFYF2MJzMULswIHvg/h4WvcRsAQiP+mReZJZzIqE', true, true, false);
INSERT INTO public."user" VALUES ('cc0932ad-5b7c-41c1-912e-e02d0be1a3f8', 'bob@example.com', '$2b$12$RmTnBS6zXAP9m1cqBcBIv.UTtnbvgsyvS6xk27bOEHQNNXekg7R1K', true, false, true);
INSERT INTO public."user" VALUES ('51681b91-0a4e-41fb-a10e-47d1b3886d26', 'left@example.com', '$argon2id$v=19$m=65536,t=3,p=4$kMHq3KRwjj3tJ3xImQl8kQ$ZrV15bF71X8pAUsRDMf1/aZnAlbALpnGJbXN5VzJ/sI', false, false, false);
