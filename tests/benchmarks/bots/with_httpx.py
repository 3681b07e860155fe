"""Renew the login and post once, with httpx and nothing else: python with_httpx.py PROFILE TEXT."""

import json
import sys

import httpx

path, text = sys.argv[1:]
with open(path) as file:
    document = json.load(file)
client, token = document["client"], document["token"]
with httpx.Client() as http:
    answer = http.post(
        client["api_url"] + "/2/oauth2/token",
        auth=(client["client_id"], client["client_secret"]),
        data={"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
    )
    token.update(answer.raise_for_status().json())
    with open(path, "w") as file:
        json.dump(document, file)
    answer = http.post(
        client["api_url"] + "/2/tweets",
        headers={"Authorization": "Bearer " + token["access_token"]},
        json={"text": text},
    )
    print(answer.raise_for_status().json()["data"]["id"])
