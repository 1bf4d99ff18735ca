"""One call's life at a Vault, with hvac as it comes: log in, look around, mint, look up, renew, revoke; and what is refused.

Tells each step as one line of JSON; after `minted` it waits for a line, so that the login can be tried meanwhile.
Variables: VAULT_ADDR, VAULT_ROLE, VAULT_JWT
"""

import json
import os
import sys

import hvac
import hvac.exceptions

STATUS = {
    hvac.exceptions.InvalidRequest: 400,
    hvac.exceptions.Unauthorized: 401,
    hvac.exceptions.Forbidden: 403,
    hvac.exceptions.InvalidPath: 404,
    hvac.exceptions.UnsupportedOperation: 405,
    hvac.exceptions.RateLimitExceeded: 429,
    hvac.exceptions.VaultDown: 503,
}


def tell(step, **values):
    print(json.dumps({"step": step, **values}), flush=True)


def refused(step, attempt):
    try:
        attempt()
        tell(step, status=200)
    except hvac.exceptions.VaultError as failure:
        tell(step, status=STATUS.get(type(failure), 0), error=str(failure))


def main():
    role, jwt = os.environ["VAULT_ROLE"], os.environ["VAULT_JWT"]
    client = hvac.Client(url=os.environ["VAULT_ADDR"], token="")
    refused("bad-login", lambda: client.auth.jwt.jwt_login(role=role, jwt="not.a.token"))
    login = client.auth.jwt.jwt_login(role=role, jwt=jwt)
    client.token = login["auth"]["client_token"]
    tell("login", lease_duration=login["auth"]["lease_duration"])
    tell("lookup-self", ttl=client.auth.token.lookup_self()["data"]["ttl"])
    again = client.auth.token.renew_self(increment="600s")
    tell("renew-self", lease_duration=again["auth"]["lease_duration"])

    minted = client.secrets.database.generate_credentials(name=role)
    tell("minted", lease_id=minted["lease_id"], **minted["data"])
    sys.stdin.readline()

    lease = minted["lease_id"]
    found = client.sys.read_lease(lease_id=lease)["data"]
    tell("lookup", id=found["id"], ttl=found["ttl"])
    renewed = client.sys.renew_lease(lease_id=lease, increment=400)
    tell("renew", lease_id=renewed["lease_id"], lease_duration=renewed["lease_duration"])
    client.write("sys/leases/revoke", lease_id=lease, sync=True)
    tell("revoke")
    refused("lookup-revoked", lambda: client.sys.read_lease(lease_id=lease))
    refused("mount-list", client.sys.list_mounted_secrets_engines)
    client.auth.token.revoke_self()
    tell("revoke-self")
    refused("after-end", client.auth.token.lookup_self)


if __name__ == "__main__":
    main()
