"""An API that takes the access tokens of jwtkit serve: the tutorials' FastAPI application without its log-in.

    apt-get install python3-fastapi python3-uvicorn python3-jwt python3-cryptography
    jwtkit serve --issuer-url http://127.0.0.1:8000 --aud api
    ISSUER=http://127.0.0.1:8000 AUDIENCE=api python3 -m uvicorn fastapi_app:app --port 8001

It has no secret. It verifies by the public keys of the issuer, and reads them again for a kid that it does not know. (A file
that is called fastapi.py would hide the package of this name.)
"""
import os
import re

import jwt
from fastapi import FastAPI, HTTPException, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer, SecurityScopes

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
# Only kinds of signatures that a public key verifies. Never the algorithm that a token names.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]

keys = jwt.PyJWKClient(os.environ.get("JWKS_URL", f"{ISSUER}/.well-known/jwks.json"))
# Where the page at /docs gets a token. The service needs --cors with the origin of this API.
oauth2 = OAuth2PasswordBearer(tokenUrl=f"{ISSUER}/token", scopes={"read": "Read", "write": "Write"})
app = FastAPI(title="An API behind jwtkit serve")


def refusal(status: int, detail: str, challenge: str = "Bearer") -> HTTPException:
    return HTTPException(status, detail, {"WWW-Authenticate": challenge})


def require_keys() -> None:
    """Answers 503 while the keys cannot be read. That is no fault of the token: at 401 a client would log its user out."""
    try:
        keys.get_jwk_set()
    except (jwt.PyJWTError, OSError, ValueError):
        raise HTTPException(503, "Service Unavailable", {"Retry-After": "1"})


# Not async: reading the keys blocks, and FastAPI runs this in a thread.
def verified(needed: SecurityScopes, token: str = Security(oauth2)) -> dict:
    """Returns the claims of an access token that grants all scopes of a route."""
    # PyJWT reads other alphabets than that of tokens, too (RFC 7515 §2).
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII):
        raise refusal(401, "Invalid token")
    try:
        # Older versions of PyJWT pass over extensions that they do not know (RFC 7515 §4.1.11).
        if "crit" in jwt.get_unverified_header(token):
            raise refusal(401, "Invalid token")
        key = keys.get_signing_key_from_jwt(token).key
        claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise refusal(401, "Token has expired")
    # PyJWT has no error of its own for some hostile tokens, such as one whose exp is a list.
    except (jwt.PyJWTError, AttributeError, OSError, TypeError, ValueError):
        require_keys()
        raise refusal(401, "Invalid token")
    if claims.get("type") != "access":
        raise refusal(401, "Invalid token type: expected access")
    missing = set(needed.scopes) - set(claims.get("scope", "").split())
    if missing:
        challenge = f'Bearer error="insufficient_scope", scope="{needed.scope_str}"'
        raise refusal(403, "Not enough permissions", challenge)
    return claims


@app.get("/users/me")
def read_current_user(claims: dict = Security(verified)) -> dict:
    return {"user_id": claims["sub"]}


@app.get("/notes")
def read_notes(claims: dict = Security(verified, scopes=["read"])) -> dict:
    return {"notes": [f"for {claims['sub']}"]}


@app.get("/admin")
def administrate(claims: dict = Security(verified, scopes=["read", "write"])) -> dict:
    role = claims.get("role", [])
    # Tokens of `jwtkit issue` may have one role as text.
    if "admin" not in ([role] if isinstance(role, str) else role):
        raise refusal(403, "Not enough permissions", 'Bearer error="insufficient_scope"')
    return {"admin": claims["sub"]}


@app.exception_handler(HTTPException)
async def answer(request: Request, error: HTTPException) -> JSONResponse:
    """Answers as the tutorials do, with the path."""
    content = {"detail": error.detail, "path": request.url.path}
    return JSONResponse(content, error.status_code, error.headers)
