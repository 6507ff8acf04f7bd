"""A user for a client that is not in Python: `session.py ORIGIN`. Prints its address, its password, and a token that has
expired, a line of JSON for each."""

import json
import sys

from people import claims, make_user, sign, superuser

origin = sys.argv[1]
user = make_user(superuser(origin), origin, "jan")
expired = sign(claims(user.email, age=7200.0, life=-3600.0))
for name, value in (("email", user.email), ("password", user.password), ("expired", expired)):
    print(json.dumps([name, value]))
