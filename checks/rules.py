"""What the rules beside this must find (`ruleid`) and must let pass (`ok`). It is read, never run."""

# ruleid: sql-built-outside-its-file
text = f"SELECT id FROM users WHERE email = '{email}'"
# ruleid: sql-built-outside-its-file
await connection.execute(f"PRAGMA user_version = {version}")
# ruleid: sql-built-outside-its-file
connection.execute("DELETE FROM sessions WHERE id = '%s'" % session_id)
# ok: sql-built-outside-its-file
await connection.fetchrow(sql.FIND_USER, user_id)
# ok: sql-built-outside-its-file
message = f"Update {name} from the menu"

# ruleid: clock-of-the-database
PURGE = "DELETE FROM sessions WHERE expires_at < CURRENT_TIMESTAMP"
# ruleid: clock-of-the-database
TOUCH = "UPDATE sessions SET last_active_at = now() WHERE id = $1"
# ok: clock-of-the-database
PURGE = "DELETE FROM sessions WHERE expires_at < $1"

try:
    add(user)
except IntegrityError as error:
    # ruleid: driver-error-told-by-its-text
    if "email" in str(error):
        raise
    # ruleid: driver-error-told-by-its-text
    if str(error).startswith("UNIQUE"):
        raise
    # ok: driver-error-told-by-its-text
    if error.constraint_name == "users_email_key":
        raise


def check(token, session, password, headers, now):
    # ruleid: secret-compared-in-telling-time
    if token.proof == session_proof(session):
        return
    # ruleid: secret-compared-in-telling-time
    if expected != seal:
        return
    # ok: secret-compared-in-telling-time
    if hmac.compare_digest(token.proof, expected):
        return
    # ok: secret-compared-in-telling-time
    if token.generation == session.generation:
        return
    # ruleid: input-in-the-log
    log.warning("login", password=password)
    # ruleid: input-in-the-log
    log.info("request", request.headers)
    # ruleid: input-in-the-log
    record(Event(EventName.LOGIN_FAIL, detail=credentials.email))
    # ok: input-in-the-log
    record(Event(EventName.LOGIN_FAIL, subject=user.id))
    # ruleid: header-taken-for-utf-8
    name = header_value.decode()
    # ok: header-taken-for-utf-8
    name = header_value.decode("latin-1")


# ruleid: certificates-not-verified
httpx.get(url, verify=False)
# ruleid: certificates-not-verified
context.check_hostname = False
# ok: certificates-not-verified
httpx.get(url, verify=context)


async def is_allowed(call):
    # ruleid: error-taken-for-an-answer
    try:
        return await look_up(call)
    except Exception:
        return None


async def is_known(call):
    # ok: error-taken-for-an-answer
    try:
        return await look_up(call)
    except UserNotFound:
        return None


# ruleid: way-around-the-shell
app.include_router(router)


# ruleid: way-around-the-shell
@app.get("/secret")
async def get_secret():
    # ruleid: way-around-the-shell
    raise HTTPException(403)


# ok: way-around-the-shell
@routes.add("GET", "/profile", access=SIGNED_IN)
async def get_profile(call):
    raise Forbidden


# ruleid: token-read-without-saying-how
claims = jwt.decode(token, key)
# ok: token-read-without-saying-how
claims = jwt.decode(token, key, algorithms=["ES256"])

# ruleid: operator-from-outside
users.find({"$where": text})
# ruleid: operator-from-outside
users.find({"email": {"$regex": search}})
# ok: operator-from-outside
users.find({"email": {"$regex": "^" + re.escape(search)}})

# ruleid: cookie-set-past-its-policy
answer.set_cookie("refreshToken", token)
# ruleid: cookie-set-past-its-policy
header = f"refreshToken={token}; HttpOnly"
# ok: cookie-set-past-its-policy
header = call.context.cookies.set(pair, now)

# ruleid: change-without-a-record
await tools.store.delete_user(user_id, record=None)
# ok: change-without-a-record
await tools.store.delete_user(user_id, record=tools.audit_record(event, now))
