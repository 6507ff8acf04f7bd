"""One Python library behind the protocol of ../npm/driver.mjs: `python driver.py <name>`."""

import json
import sys
from importlib.metadata import version

ALL = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]


class PyJwt:
    package = "PyJWT"
    algorithms = ALL
    configuration = (
        'jwt.decode(token, key, algorithms=[alg], issuer=issuer, audience=audience, '
        'options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True})'
    )

    def __init__(self):
        import jwt

        self.decode = jwt.decode

    def verify(self, token, key, algorithm, issuer, audience):
        self.decode(
            token,
            key.get("pem") or key["secret"],
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
        )


class Joserfc:
    package = "joserfc"
    algorithms = ["HS256", "RS256", "ES256", "EdDSA"]
    configuration = (
        'jwt.decode(token, key, algorithms=[alg]), then JWTClaimsRegistry(exp={"essential": True}, '
        'iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience}).validate(claims)'
    )

    def __init__(self):
        from joserfc import jwk, jwt

        self.jwt = jwt
        self.keys = {"HS": jwk.OctKey, "RS": jwk.RSAKey, "ES": jwk.ECKey, "Ed": jwk.OKPKey}

    def verify(self, token, key, algorithm, issuer, audience):
        material = self.keys[algorithm[:2]].import_key(key.get("pem") or key["secret"])
        claims = self.jwt.decode(token, material, algorithms=[algorithm]).claims
        self.jwt.JWTClaimsRegistry(
            exp={"essential": True},
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
        ).validate(claims)


def main():
    library = {"PyJWT": PyJwt, "joserfc": Joserfc}[sys.argv[1]]()
    say(
        version=version(library.package),
        algorithms=library.algorithms,
        configuration=library.configuration,
    )
    for line in sys.stdin:
        question = json.loads(line)
        del question["op"]
        identifier = question.pop("id")
        try:
            library.verify(**question)
        except Exception as error:
            say(id=identifier, verdict="reject", error=str(error)[:200])
        else:
            say(id=identifier, verdict="accept")


def say(**answer):
    print(json.dumps(answer), flush=True)


main()
