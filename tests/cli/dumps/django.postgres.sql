-- The table and its rows, as pg_dump says them of a database of Django 5.2.19 (make_password with each hasher, argon2-cffi 25.1.0, bcrypt 5.0.0).
CREATE TABLE public.auth_user (
    id integer NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    username character varying(150) NOT NULL,
    first_name character varying(150) NOT NULL,
    last_name character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    is_staff boolean NOT NULL,
    is_active boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL
);
INSERT INTO public.auth_user VALUES (1, 'pbkdf2_sha256$1000000$OVsFfvVesXy1svDi2jzgJ3$4RALGgoXThuO02GIH++dPqHmx21ZAisDbi45vGqh7Lw=', NULL, true, 'ada', '', '', 'ada@example.com', true, true, '2026-11-26 14:32:55.789601+00');
INSERT INTO public.auth_user VALUES (2, 'argon2$argon2id$v=19$m=102400,t=2,p=8$Y1BHbzNDS1RGalZGalBxNDM2Y1pGTw$7wpCBpOvqIflIoKGFmXAKvSKs2Su8SSdY0Sh+uow+sg', NULL, false, 'bob', '', '', 'bob@example.com', false, true, '2026-11-26 14:32:58.368917+00');
INSERT INTO public.auth_user VALUES (3, 'bcrypt_sha256$$2b$12$1QYJIYyDeaUwjJuVJXcv/OEV7jcNUyICR7F2F25oe9TLl93ozK1Xm', NULL, false, 'carol', '', '', 'carol@example.com', true, true, '2026-11-26 14:32:59.097525+00');
INSERT INTO public.auth_user VALUES (4, 'bcrypt$$2b$12$xTMOCqwNCPvbzmLJ/NBCteeWdXydj/Pxl.lbzlKAIeIKqRYDyLGDS', NULL, false, 'dan', '', '', 'dan@example.com', false, true, '2026-11-26 14:32:59.979535+00');
INSERT INTO public.auth_user VALUES (5, 'pbkdf2_sha256$1000000$98hUynPvCFjh9TCIKj99YY$3lvZ8poEMlnzkKdc/EgvHLifClLcU0kzixuCNUC9aIs=', NULL, false, 'eve', '', '', 'Eve@example.com', false, true, '2026-11-26 14:32:59.985997+00');
INSERT INTO public.auth_user VALUES (6, 'pbkdf2_sha256$1000000$DyEEpYzAsrLI6VMJxQ2l5P$n3rtFaoDefcnjIcMFUarAhSCjJdJm5noOtD8JP5CtbA=', NULL, false, 'left', '', '', 'left@example.com', false, false, '2026-11-26 14:33:01.4799+00');
